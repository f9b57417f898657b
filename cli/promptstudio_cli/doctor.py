"""`promptstudio doctor`: is everything there, and what to do where it is not."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from promptstudio_cli.errors import PROBLEM
from promptstudio_cli.serve import DEFAULT_PORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptstudio_cli.findings import Finding

_SIGNS: Final = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "missing": "[red]✗[/]"}


def doctor(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port that is to be free.")] = DEFAULT_PORT,
    data: Annotated[Path | None, typer.Option(help="The folder of local state.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say what is missing, and what to do about it.

    Looks at tools, keys, the data folder, the port and the models in use.
    Exit 1 if something needed is missing.
    """
    from dataclasses import asdict

    from promptstudio.values import dumps
    from promptstudio_cli.probes import examine

    findings = examine(port, data)
    ok = all(finding.status != "missing" for finding in findings)
    if as_json:
        typer.echo(dumps({"ok": ok, "checks": [asdict(finding) for finding in findings]}))
    else:
        _print(findings)
    if not ok:
        raise typer.Exit(PROBLEM)


def _print(findings: "Sequence[Finding]") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for finding in findings:
        said = finding.detail + (f"\n→ {finding.advice}" if finding.advice else "")
        table.add_row(_SIGNS[finding.status], escape(finding.name), escape(said))
    Console().print(table)
