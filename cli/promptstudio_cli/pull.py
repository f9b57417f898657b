"""`promptstudio pull`: a workspace's prompts written to the project."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from promptstudio_cli.errors import PROBLEM, UsageError
from promptstudio_cli.sync.options import AsJson, DryRun, KeyEnv, Names, Url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptstudio_cli.sync.access import Access
    from promptstudio_cli.sync.plan import Settle
    from promptstudio_cli.sync.report import Report


def pull(
    names: Names = None,
    url: Url = None,
    key_env: KeyEnv = "PROMPTSTUDIO_API_KEY",
    theirs: Annotated[
        bool, typer.Option("--theirs", help="Where both sides changed, take the workspace's.")
    ] = False,
    ours: Annotated[
        bool, typer.Option("--ours", help="Where both sides changed, keep the file; push then sends it.")
    ] = False,
    delete: Annotated[
        bool, typer.Option("--delete", help="Remove the files of what was deleted there.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print how both sides differ; do nothing.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write the prompts that changed in a workspace to the project's files.

    Files that changed here since the last sync are not overwritten.
    """
    import asyncio

    from promptstudio_cli.sync.access import read_access
    from promptstudio_cli.sync.plan import Settle
    from promptstudio_cli.sync.report import Report

    if theirs and ours:
        raise UsageError("--theirs and --ours exclude each other.")
    settle = Settle.theirs if theirs else Settle.ours if ours else None
    access = read_access(url, key_env, os.environ)
    if diff:
        asyncio.run(_diff(access, names or []))
        return
    report = Report(access.url, as_json, dry_run)
    asyncio.run(_pull(access, report, names or [], settle, delete=delete))
    if not report.ok:
        raise typer.Exit(PROBLEM)


async def _pull(
    access: "Access", report: "Report", names: "Sequence[str]", settle: "Settle | None", *, delete: bool
) -> None:
    from promptstudio_cli.project import current_project
    from promptstudio_cli.sync.carry_out import receive
    from promptstudio_cli.sync.outcome import planned
    from promptstudio_cli.sync.plan import plan_pull
    from promptstudio_cli.sync.sides import meeting

    async with meeting(current_project(), access, names) as sides:
        files = sides.files
        actions = plan_pull(
            sides.found,
            files.doubtful,
            prompts=files.prompts,
            paths=files.paths,
            delete=delete,
            settle=settle,
        )
        with report.closing():
            for action in actions:
                report.add(planned(action) if report.dry_run else receive(action, files, sides.record))


async def _diff(access: "Access", names: "Sequence[str]") -> None:
    from promptstudio_cli.project import current_project
    from promptstudio_cli.sync.diff import diff
    from promptstudio_cli.sync.sides import meeting

    async with meeting(current_project(), access, names) as sides:
        text = "".join(diff(difference) for difference in sides.found)
        typer.echo(text or "No differences.\n", nl=False)
