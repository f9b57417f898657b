"""`promptstudio dev`: everything on a laptop, with the project reloaded as it changes."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from promptstudio_cli.serve import DEFAULT_HOST, DEFAULT_PORT


def dev(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = DEFAULT_PORT,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = DEFAULT_HOST,
    data: Annotated[
        Path | None, typer.Option(help="The folder of local state; by default the project's .promptstudio.")
    ] = None,
) -> None:
    """Serve this project, or the examples, and reload changes.

    A prompt whose provider's API key is missing is answered by echo/echo.
    """
    from promptstudio_cli.project import data_folder, project_root_if_any
    from promptstudio_cli.server import run_server

    root, folder = project_root_if_any(), data_folder(data)
    if root is None:
        root = folder / "project"
        _place_examples(root)
    run_server(root, data=folder, host=host, port=port, dev=True)


def _place_examples(root: Path) -> None:
    """Copy the examples to `root`, whole or not at all; what is there already stays as it is."""
    from promptstudio_cli.examples import EXAMPLES

    if root.exists():
        typer.echo(f"There is no promptstudio.toml here: serving {root}")
        return
    root.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=root.parent, prefix=".project-") as draft:
        shutil.copytree(EXAMPLES, Path(draft) / root.name)
        (Path(draft) / root.name).rename(root)
    typer.echo(f"There is no promptstudio.toml here: the examples are now in {root}, to be changed at will.")
