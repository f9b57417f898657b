"""The options that `push` and `pull` have in common."""

from typing import Annotated

import typer

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Only these prompts, and partials as _NAME; else all."),
]
Url = Annotated[
    str | None,
    typer.Option("--url", help="The workspace's address; else PROMPTSTUDIO_URL, else http://127.0.0.1:8787."),
]
KeyEnv = Annotated[
    str,
    typer.Option("--key-env", metavar="VARIABLE", help="The environment variable that holds the API key."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
