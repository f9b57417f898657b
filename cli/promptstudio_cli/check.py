"""`promptstudio check`: every problem of the project's files."""

from typing import Annotated

import typer

from promptstudio_cli.errors import PROBLEM


def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON.")] = False,
) -> None:
    """Print every problem as path:line:column; exit 1 if one is an error."""
    from dataclasses import asdict

    from promptstudio.values import dumps
    from promptstudio_cli.project import compile_project, current_project

    compiled = compile_project(current_project())
    problems = compiled.diagnostics
    errors = sum(problem.severity == "error" for problem in problems)
    if as_json:
        typer.echo(dumps({"ok": not errors, "problems": [asdict(problem) for problem in problems]}))
    else:
        for problem in problems:
            typer.echo(str(problem))
        if not problems:
            typer.echo("No problems.")
    if errors:
        raise typer.Exit(PROBLEM)
