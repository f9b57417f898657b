"""`promptstudio sign-in`: a link into the platform on this machine, for whoever has its files."""

from pathlib import Path
from typing import Annotated

import typer

from promptstudio_cli.serve import DEFAULT_HOST, DEFAULT_PORT


def sign_in(
    url: Annotated[
        str, typer.Option(help="Where the platform is.")
    ] = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}",
    data: Annotated[
        Path | None, typer.Option(help="The folder of local state; by default the project's .promptstudio.")
    ] = None,
) -> None:
    """Print a link that signs its first user in as the owner, within the hour."""
    from promptstudio_cli.local_store import in_store
    from promptstudio_functions.local_platform import sign_in_url

    typer.echo(in_store(data, lambda store, _, now: sign_in_url(store, url, now)))
