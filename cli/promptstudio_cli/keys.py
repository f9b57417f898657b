"""`promptstudio keys`: the API keys that clients of the endpoint send."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from promptstudio_cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from promptstudio.endpoint.keys import KeyRecord
    from promptstudio.values import Json

app = typer.Typer(no_args_is_help=True, help="Create, list and revoke API keys.", rich_markup_mode=None)

_NAME_LENGTH: Final = 64
_ENVIRONMENT: Final = "PROMPTSTUDIO_KEYS"

Data = Annotated[
    Path | None,
    typer.Option("--data", help="The folder of keys.json; by default the project's .promptstudio."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Create a key. It is shown this once; only its hash is kept."""
    from promptstudio.endpoint.keys import create as create_key
    from promptstudio.values import dumps
    from promptstudio_cli import keyfile

    if not (name.strip() and name.isprintable() and len(name) <= _NAME_LENGTH):
        raise UsageError(f"A key's name has 1 to {_NAME_LENGTH} printable characters.")
    folder = _folder(data)
    key = create_key(name)
    with keyfile.locked(folder):
        path = keyfile.write(folder, [*keyfile.read(folder), key.record])
    typer.echo(dumps({"id": key.id, "key": key.key}) if as_json else f"{key.key}\n\nIt is not shown again.")
    _say_where_it_holds(path)


@app.command("list")
def list_keys(data: Data = None, as_json: AsJson = False) -> None:
    """List the keys' ids, names and dates."""
    from promptstudio.values import dumps
    from promptstudio_cli import keyfile

    records = keyfile.read(_folder(data))
    if as_json:
        keys: list[Json] = [{"id": row.id, "name": row.name, "created_at": row.created_at} for row in records]
        typer.echo(dumps({"keys": keys}))
        return
    for record in records:
        typer.echo(f"{record.id}  {record.created_at}  {record.name}")
    if not records:
        typer.echo("There are no keys. Create one: promptstudio keys create NAME")


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="The key's id, or its name if no other key has it.")],
    data: Data = None,
) -> None:
    """Revoke a key: what serves here refuses it within a second or so."""
    from promptstudio_cli import keyfile

    folder = _folder(data)
    with keyfile.locked(folder):
        records = keyfile.read(folder)
        record = _find(records, key)
        path = keyfile.write(folder, [other for other in records if other != record])
    typer.echo(f"{record.id} ({record.name}) is revoked.")
    _say_where_it_holds(path)


def _find(records: "list[KeyRecord]", key: str) -> "KeyRecord":
    found = [record for record in records if record.id == key] or [
        record for record in records if record.name == key
    ]
    if not found:
        raise CommandError(f'There is no key "{key}".', "See them all: promptstudio keys list")
    if len(found) > 1:
        ids = ", ".join(record.id for record in found)
        raise CommandError(f'{len(found)} keys are called "{key}".', f"Name one by its id: {ids}")
    return found[0]


def _folder(data: Path | None) -> Path:
    """Where the keys are: never in a new folder that no project and no `dev` would read."""
    from promptstudio_cli.project import data_folder, project_root

    folder = data_folder(data)
    if data is None and not folder.is_dir():
        project_root()
    return folder


def _say_where_it_holds(path: Path) -> None:
    """Say, on stderr, who reads the file and how a target gets it."""
    lines = [f"{path} holds the hashes; `serve` and `dev` read it."]
    if os.environ.get(_ENVIRONMENT):
        lines = [f"{path} holds the hashes, but {_ENVIRONMENT} is set here, and `serve` reads that instead."]
    lines.append(
        f"A Cloudflare Worker, from its folder: npx wrangler secret put {_ENVIRONMENT} < {path.resolve()}"
    )
    print("\n".join(lines), file=sys.stderr)
