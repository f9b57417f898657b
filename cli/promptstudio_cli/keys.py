"""`promptstudio keys`: the API keys that clients send, in the local workspace."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptstudio_cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from promptstudio.access.key_changes import KeyOrder, MadeKey
    from promptstudio.access.keys import ApiKey
    from promptstudio.storage.port import Store

app = typer.Typer(
    no_args_is_help=True,
    help="Create, list, rotate and revoke API keys, under the PROMPTSTUDIO_SEALING_KEY that `dev` has.",
    rich_markup_mode=None,
)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="The folder of local state; by default the project's .promptstudio."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Key = Annotated[str, typer.Argument(help="The key's id, or its name if no other key has it.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scopes: Annotated[
        str, typer.Option(help="What it may: run, read, write, deploy, admin, with commas between.")
    ] = "run",
    prompts: Annotated[
        str | None, typer.Option(help="The only prompts that it may touch, with commas between.")
    ] = None,
    expires: Annotated[str | None, typer.Option(help="How long it holds, such as 12h or 30d.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Create a key. It is shown this once; only its hash is kept."""
    from promptstudio.access.key_changes import create_key
    from promptstudio_cli.local_log import in_recorded_store

    order = _order(name, scopes, prompts, expires)
    route = ("POST", "/api/keys")
    made = in_recorded_store(data, route, lambda store, by, now: create_key(store, by, order, now))
    _show(made, as_json)


@app.command("list")
def list_keys(data: Data = None, as_json: AsJson = False) -> None:
    """List the keys: what they may, until when, and when they were last used."""
    from promptstudio.storage.records import data as members
    from promptstudio.values import dumps
    from promptstudio_cli.local_store import all_keys, in_store

    keys = in_store(data, lambda store, by, now: all_keys(store, by.workspace))
    if as_json:
        typer.echo(dumps({"keys": [members(key) for key in keys]}))
        return
    for key in keys:
        typer.echo(f"{key.id}  {key.created_at}  {','.join(key.scopes):<8}  {key.name}{_state(key)}")
    if not keys:
        typer.echo("There are no keys. Create one: promptstudio keys create NAME")


@app.command()
def revoke(key: Key, data: Data = None) -> None:
    """Revoke a key: what serves here refuses it within a second or so."""
    from promptstudio.access.key_changes import revoke_key
    from promptstudio.access.principal import Principal
    from promptstudio_cli.local_log import in_recorded_store
    from promptstudio_cli.local_store import all_keys, say_where_keys_hold

    async def work(store: "Store", by: Principal, now: float) -> "ApiKey":
        found = _find(await all_keys(store, by.workspace), key)
        return (await revoke_key(store, by, found.id, if_match="*", now=now)).value

    revoked = in_recorded_store(data, ("DELETE", "/api/keys/{id}"), work)
    typer.echo(f"{revoked.id} ({revoked.name}) is revoked.")
    say_where_keys_hold()


@app.command()
def rotate(
    key: Key,
    overlap: Annotated[str, typer.Option(help="How long the old key still holds, such as 12h.")] = "1d",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Create a key with the rights of another one, which ends a while later."""
    from promptstudio.access.key_changes import OVERLAP_MAX_S, rotate_key
    from promptstudio.access.principal import Principal
    from promptstudio_cli.local_log import in_recorded_store
    from promptstudio_cli.local_store import all_keys
    from promptstudio_cli.spans import read_span

    overlap_s = read_span(overlap)
    if overlap_s > OVERLAP_MAX_S:
        raise UsageError(f"Two keys overlap for {OVERLAP_MAX_S // 86400} days at most.")

    async def work(store: "Store", by: Principal, now: float) -> "MadeKey":
        found = _find(await all_keys(store, by.workspace), key)
        return await rotate_key(store, by, found.id, overlap_s=overlap_s, if_match="*", now=now)

    _show(in_recorded_store(data, ("POST", "/api/keys/{id}/rotate"), work), as_json)


@app.command()
def export(data: Data = None) -> None:
    """Print the hashes of the keys that may run prompts: a target's secret PROMPTSTUDIO_KEYS."""
    from promptstudio.access.key_export import export_keys
    from promptstudio.endpoint.keys import print_records
    from promptstudio_cli.local_store import in_store

    found = in_store(data, lambda store, by, now: export_keys(store, by.workspace, now))
    typer.echo(print_records(found.records), nl=False)
    for key in found.limited:
        print(f"{key.id} ({key.name}) is left out: a target cannot limit it to its prompts.", file=sys.stderr)


def _order(name: str, scopes: str, prompts: str | None, expires: str | None) -> "KeyOrder":
    """The key that was asked for; raises UsageError."""
    from pydantic import ValidationError

    from promptstudio.access.key_changes import KeyOrder
    from promptstudio_cli.spans import read_span

    given = {"name": name, "scopes": _split(scopes)}
    try:
        return KeyOrder.model_validate(
            given
            | ({} if prompts is None else {"prompts": _split(prompts)})
            | ({} if expires is None else {"expires_in_s": read_span(expires)})
        )
    except ValidationError as error:
        raise UsageError(_ORDER_PROBLEMS[str(error.errors()[0]["loc"][0])]) from None


_ORDER_PROBLEMS = {
    "name": "A key's name has 1 to 64 printable characters.",
    "scopes": "A key's scopes are some of run, read, write, deploy and admin.",
    "prompts": "A key is limited to 1 to 100 prompts by their names, such as summarise.",
    "expires_in_s": "A key holds for a minute to ten years.",
}


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _find(keys: "list[ApiKey]", named: str) -> "ApiKey":
    """The key with an id, or the only one of a name that is neither revoked nor replaced."""
    found = [key for key in keys if key.id == named] or [
        key for key in keys if key.name == named and not (key.revoked_at or key.replaced_by)
    ]
    if not found:
        raise CommandError(f'There is no key "{named}".', "See them all: promptstudio keys list")
    if len(found) > 1:
        ids = ", ".join(key.id for key in found)
        raise CommandError(f'{len(found)} keys are called "{named}".', f"Name one by its id: {ids}")
    return found[0]


def _show(made: "MadeKey", as_json: bool) -> None:
    from promptstudio.values import dumps
    from promptstudio_cli.local_store import say_where_keys_hold

    if as_json:
        typer.echo(dumps({"id": made.found.value.id, "key": made.text}))
    else:
        typer.echo(f"{made.text}\n\nIt is not shown again.")
    say_where_keys_hold()


def _state(key: "ApiKey") -> str:
    """What a person should know of a key beside its rights."""
    notes = [
        f"only {', '.join(key.prompts)}" if key.prompts else "",
        f"last used {key.last_used_at}" if key.last_used_at else "",
        f"replaced by {key.replaced_by}" if key.replaced_by else "",
        f"revoked {key.revoked_at}"
        if key.revoked_at
        else f"until {key.expires_at}"
        if key.expires_at
        else "",
    ]
    said = "; ".join(note for note in notes if note)
    return f"  ({said})" if said else ""
