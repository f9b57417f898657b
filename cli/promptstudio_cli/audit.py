"""`promptstudio audit`: the audit log of a workspace, exported and verified."""

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from promptstudio_cli.errors import CommandError, UsageError
from promptstudio_cli.sync.options import KeyEnv

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import BinaryIO

    from promptstudio.audit.chain import Head
    from promptstudio.audit.log import AuditLog
    from promptstudio.audit.verify import Verdict
    from promptstudio_cli.sync.access import Access

app = typer.Typer(
    no_args_is_help=True, help="Export a workspace's audit log, and verify an export.", rich_markup_mode=None
)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="The folder of local state; by default the project's .promptstudio."),
]

_STDIN: Final = "-"
_LAST_BYTES: Final = 4096  # many times what the line at the end has


@app.command()
def export(
    after: Annotated[int, typer.Option(min=0, help="Only the entries behind the one of this number.")] = 0,
    url: Annotated[
        str | None,
        typer.Option("--url", help="A workspace's address; else PROMPTSTUDIO_URL, else the local store."),
    ] = None,
    key_env: KeyEnv = "PROMPTSTUDIO_API_KEY",
    data: Data = None,
) -> None:
    """Print the audit log as JSON lines, and on stderr its head, which is to be noted elsewhere."""
    from promptstudio_cli.sync.access import URL_VARIABLE, read_access

    remote = url or os.environ.get(URL_VARIABLE)
    _say_head(_export(read_access(url, key_env, os.environ), after) if remote else _export_local(data, after))


@app.command()
def verify(
    export: Annotated[str, typer.Argument(metavar="EXPORT", help="The file of an export, or - for stdin.")],
    head: Annotated[
        str | None, typer.Option(metavar="H", help="A head that was noted: the export goes through it.")
    ] = None,
    after: Annotated[
        str | None, typer.Option(metavar="H", help="The head behind which the export begins.")
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option("--key-file", help="The log's key, of `audit key`; else the local workspace's."),
    ] = None,
    data: Data = None,
) -> None:
    """Name the first entry of an export that is altered, missing, reordered or cut off."""
    from promptstudio.audit.chain import START

    noted = None if head is None else _head(head)
    begin = START if after is None else _head(after)
    if noted is not None and noted != begin and noted.seq <= begin.seq:
        raise UsageError("The export begins behind --head: nothing in it can tell whether that is right.")
    try:
        file = sys.stdin.buffer if export == _STDIN else Path(export).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise CommandError(f"{export} cannot be read: {error.strerror}.") from None
    with file:
        verdict, proved = _verified(file, noted, begin, key_file, data)
    if verdict.finding is not None:
        raise CommandError(str(verdict.finding))
    # A head that nothing proves is not printed, as somebody might note it.
    last = verdict.head if proved or noted is None else noted
    count = last.seq - begin.seq
    typer.echo(f"{count} entries, up to entry {last.seq}, are as they were written, and none is missing.")
    typer.echo(f"Head: {last}")
    if last.seq < verdict.head.seq:
        print(f"Without the log's key nothing proves the entries behind {last.seq}.", file=sys.stderr)


@app.command()
def key(
    file: Annotated[Path, typer.Argument(help="Where to write it.")],
    data: Data = None,
) -> None:
    """Write the key of the local workspace's log to a file: with it the log can be verified, and forged."""
    import base64

    from promptstudio_cli.local_log import local_key
    from promptstudio_cli.whole_file import OWNER_ONLY, put

    found = local_key(data)
    if found is None:
        raise CommandError(
            "There is no workspace here.", "Go to its project, or name its folder with --data."
        )
    put(file, base64.b64encode(found[1]) + b"\n", OWNER_ONLY)
    print(f"{file} holds the key of {found[0]}. Keep it where the store is not.", file=sys.stderr)


def _head(text: str) -> "Head":
    from promptstudio.audit.chain import Head

    try:
        return Head.parse(text)
    except ValueError as error:
        raise UsageError(f"{error}.", "`audit export` and `audit verify` print it.") from None


def _export(access: "Access", after: int) -> bytes:
    from promptstudio_cli.sync.connection import RefusedError, downloaded

    try:
        return asyncio.run(_print(downloaded(access, f"/api/audit/export?after={after}")))
    except RefusedError as error:
        raise CommandError(f"{access.url}: {error}") from None


def _export_local(data: Path | None, after: int) -> bytes:
    from promptstudio_cli.local_log import in_log

    async def work(log: "AuditLog", workspace: str) -> bytes:
        lines = log.export(workspace, await log.head(workspace), after=after)
        return await _print(line.encode() async for line in lines)

    return in_log(data, work)


async def _print(pieces: "AsyncIterator[bytes]") -> bytes:
    """Print an export, and return its last line; pieces end anywhere."""
    last = b""
    async for piece in pieces:
        sys.stdout.buffer.write(piece)
        last = (last + piece)[-_LAST_BYTES:]
    sys.stdout.buffer.flush()
    return last.removesuffix(b"\n").rpartition(b"\n")[2]


def _say_head(last: bytes) -> None:
    """Say how far an export goes; raises CommandError where it was cut off."""
    from promptstudio.audit.chain import HeadLine, read_line

    line = read_line(last)
    if not isinstance(line, HeadLine):
        raise CommandError("The export was cut off.", "Export it again.")
    print(f"Head: {line.head}\nNote it where whoever can write the store cannot.", file=sys.stderr)


def _verified(
    file: "BinaryIO", noted: "Head | None", begin: "Head", key_file: Path | None, data: Path | None
) -> "tuple[Verdict, bool]":
    """The verdict, and whether it stands on the log's key; raises CommandError where it would on nothing."""
    from itertools import chain

    from promptstudio.audit.chain import LINE_BYTES
    from promptstudio.audit.verify import verify as judge

    def lines() -> "Iterator[bytes]":
        while text := file.readline(LINE_BYTES + 2):
            yield text.removesuffix(b"\n")

    found = lines()
    first = next(found, None)
    secret = _file_key(key_file) if key_file else _key_for(first, data, needed=noted is None)
    if secret is None and (noted is None or noted.seq <= begin.seq):
        raise CommandError(
            "Without the log's key or a head that was noted, whoever wrote an export can have made it up.",
            "Name one: --key-file FILE, which `promptstudio audit key` writes, or --head NUMBER:HASH.",
        )
    whole = chain([] if first is None else [first], found)
    return judge(whole, key=secret, head=noted, after=begin), secret is not None


def _key_for(first: bytes | None, data: Path | None, *, needed: bool) -> bytes | None:
    """The local workspace's key for an export of this first line; None for one of another workspace, and
    where the key cannot be had, unless it is `needed`."""
    from promptstudio.audit.chain import read_line
    from promptstudio.errors import AppError
    from promptstudio_cli.local_log import known_key

    line = None if first is None else read_line(first)
    try:
        return known_key(data, None if line is None else line.workspace)
    except (AppError, CommandError) as error:
        if needed:
            raise
        said = error.detail if isinstance(error, AppError) else error.message
        print(f"Only --head is used, as the local log's key cannot be had: {said}", file=sys.stderr)
        return None


def _file_key(path: Path) -> bytes:
    from promptstudio.sealing_fetched import decoded_key
    from promptstudio.settings import SettingsError

    try:
        return decoded_key(path.read_text(encoding="latin-1"), f"The file {path}")
    except SettingsError as error:
        raise CommandError(str(error), "`promptstudio audit key` writes it.") from None
