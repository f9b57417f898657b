"""`promptstudio build`: the prompts as one bundle."""

from pathlib import Path
from typing import Annotated, Final

import typer

_STDOUT: Final = "-"


def build(
    output: Annotated[str, typer.Option("-o", "--output", help="The file to write; - is stdout.")],
) -> None:
    """Compile the prompts to one bundle.

    The same files give the same bytes.
    """
    from promptstudio.values import dumps
    from promptstudio_cli.project import bundle_of, current_project

    bundle = bundle_of(current_project())
    text = dumps(bundle, "  ") + "\n"
    if output == _STDOUT:
        typer.echo(text, nl=False)
        return
    Path(output).write_text(text, encoding="utf-8", newline="\n")
    typer.echo(f"{output}: {bundle['hash']}")
