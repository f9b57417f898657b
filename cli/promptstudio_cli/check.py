"""`promptstudio check`: every problem of the project's files."""

from typing import TYPE_CHECKING, Annotated

import typer

from promptstudio_cli.errors import PROBLEM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptstudio.prompts.diagnostics import Diagnostic


def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON.")] = False,
) -> None:
    """Print every problem of the files, with its place.

    A line for each: path:line:column: severity: message. Exit 1 if one is an error.
    """
    from dataclasses import asdict

    from promptstudio.values import dumps

    problems = _problems()
    errors = sum(problem.severity == "error" for problem in problems)
    if as_json:
        typer.echo(dumps({"ok": not errors, "problems": [asdict(problem) for problem in problems]}))
    else:
        typer.echo("\n".join(str(problem) for problem in problems) or "No problems.")
    if errors:
        raise typer.Exit(PROBLEM)


def _problems() -> "Sequence[Diagnostic]":
    from promptstudio.prompts.compile import compile_bundle
    from promptstudio.prompts.diagnostics import CompileError
    from promptstudio_cli.project import current_project

    try:
        project = current_project()
    except CompileError as error:
        return error.diagnostics
    return compile_bundle(project.sources, project.settings).diagnostics
