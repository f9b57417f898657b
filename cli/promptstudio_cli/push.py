"""`promptstudio push`: the project's prompts sent to a workspace."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from promptstudio_cli.errors import PROBLEM, UsageError
from promptstudio_cli.sync.options import AsJson, DryRun, KeyEnv, Names, Url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptstudio.prompts.project import Project
    from promptstudio_cli.sync.access import Access
    from promptstudio_cli.sync.plan import Action
    from promptstudio_cli.sync.publishing import Wish
    from promptstudio_cli.sync.report import Report
    from promptstudio_cli.sync.sides import Sides


def push(
    names: Names = None,
    url: Url = None,
    key_env: KeyEnv = "PROMPTSTUDIO_API_KEY",
    publish: Annotated[
        bool, typer.Option("--publish", help="Then publish what differs from its latest version.")
    ] = False,
    message: Annotated[
        str, typer.Option("-m", "--message", help="With --publish: what is new in the versions.")
    ] = "",
    breaking: Annotated[
        bool, typer.Option("--breaking", help="With --publish: also what breaks those who call it.")
    ] = False,
    delete: Annotated[
        bool,
        typer.Option("--delete", help="Delete there, with all versions, what was deleted here."),
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send the prompts that changed here to a workspace.

    What has changed there since the last sync is not overwritten: pull it first.
    """
    import asyncio

    from promptstudio_cli.project import bundle_of, current_project
    from promptstudio_cli.sync.access import read_access
    from promptstudio_cli.sync.publishing import Wish
    from promptstudio_cli.sync.report import Report

    if publish and not message:
        raise UsageError("--publish needs a message.", 'Example: push --publish -m "Greets by name"')
    if not publish and (message or breaking):
        raise UsageError("--message and --breaking go with --publish.")
    project = current_project()
    bundle_of(project)  # raises for errors, and shows warnings
    access = read_access(url, key_env, os.environ)
    report = Report(access.url, as_json, dry_run)
    wish = Wish(message, breaking) if publish else None
    asyncio.run(_push(project, access, report, names or [], wish, delete=delete))
    if not report.ok:
        raise typer.Exit(PROBLEM)


async def _push(
    project: "Project",
    access: "Access",
    report: "Report",
    names: "Sequence[str]",
    wish: "Wish | None",
    *,
    delete: bool,
) -> None:
    from promptstudio_cli.sync.plan import plan_push
    from promptstudio_cli.sync.sides import meeting

    async with meeting(project, access, names) as sides:
        actions = plan_push(sides.found, sides.files.doubtful, delete=delete)
        with report.closing():
            sent = [action for action in actions if await _sent(action, sides, report)]
            if wish:
                await _publish(sent, sides, report, wish)


async def _sent(action: "Action", sides: "Sides", report: "Report") -> bool:
    """Whether the workspace now has what is here."""
    from promptstudio_cli.sync.carry_out import send
    from promptstudio_cli.sync.outcome import planned

    outcome = planned(action) if report.dry_run else await send(action, sides.workspace, sides.record)
    report.add(outcome)
    return outcome.ok


async def _publish(sent: "Sequence[Action]", sides: "Sides", report: "Report", wish: "Wish") -> None:
    from promptstudio_cli.sync.publishing import foretold, publish, publishable

    synced = sides.record.entries()
    for action in filter(publishable, sent):
        if report.dry_run:
            outcome = await foretold(action, sides.workspace, wish)
        else:
            outcome = await publish(action, sides.workspace, synced[action.identity].etag, wish)
        if outcome:
            report.add(outcome)
