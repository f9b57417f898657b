"""Versions: what was published, and stays as it was.

What is told of a version in lists is one item; its text and the partials it brought in are others, as many
as it takes to keep each within the store's bound.
"""

from collections.abc import Iterator, Mapping
from typing import Final, cast

import orjson

from promptstudio.access.authors import Author
from promptstudio.access.sharing import prompt_key
from promptstudio.platform_errors import PlatformError
from promptstudio.prompts.semver import Level
from promptstudio.storage.listings import Listing, list_records
from promptstudio.storage.port import ABSENT, ITEM_BYTES, Put, Store, check_total
from promptstudio.storage.records import Record, Stored, data, optional, stored
from promptstudio.workspaces.prompts import get_prompt

NUMBER_MAX: Final = 10**9

_VERSION: Final = "version#"
_SOURCE: Final = "source#"
_DIGITS: Final = 10
_OWN: Final = ""  # the name of a prompt's own text among those of its partials, whose names are longer
_PIECE_BYTES: Final = ITEM_BYTES - 1024  # leaves room for what surrounds the texts


class Version(Record):
    """A version. `sha256` is over its text and the partials it brought in, `model` what it runs on,
    `reasons` are why `semver` is what it is."""

    id: str
    number: int
    semver: str
    level: Level
    reasons: tuple[str, ...]
    message: str
    model: str
    description: str | None = optional()
    sha256: str
    created_at: str
    created_by: Author


class WholeVersion(Version):
    """A version with its text and the texts of its partials, by name."""

    text: str
    partials: dict[str, str]


def version_puts(workspace: str, prompt: str, version: WholeVersion) -> list[Put]:
    """The writes of a version of the prompt with this id; raises PlatformError item_too_large."""
    partition, number = prompt_key(workspace, prompt), _number(version.number)
    row = data(Version(**version.model_dump(exclude={"text", "partials"})))
    texts = {_OWN: version.text, **version.partials}
    check_total([len(orjson.dumps(text)) for text in texts.values()])  # before they are too many writes
    pieces = enumerate(_pieces(texts))
    return [
        Put(partition, _VERSION + number, row, ABSENT),
        *(
            Put(partition, f"{_SOURCE}{number}#{index:02}", {"texts": dict(texts)}, ABSENT)
            for index, texts in pieces
        ),
    ]


def _pieces(texts: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The texts in as few items as they fit into, in order."""
    piece: dict[str, str] = {}
    room = _PIECE_BYTES
    for name, text in texts.items():
        size = len(orjson.dumps({name: text}))
        if piece and size > room:
            yield piece
            piece, room = {}, _PIECE_BYTES
        piece[name] = text
        room -= size
    yield piece


async def get_version(store: Store, workspace: str, name: str, number: int) -> Stored[WholeVersion]:
    """A version of a prompt; raises PlatformError not_found."""
    found = await get_prompt(store, workspace, name)
    version = await version_of(store, workspace, found.value.id, number)
    if version is None:
        raise PlatformError("not_found", kind="version", id=number)
    return version


async def version_of(store: Store, workspace: str, prompt: str, number: int) -> Stored[WholeVersion] | None:
    """A version of the prompt with this id."""
    if not 1 <= number <= NUMBER_MAX:
        return None
    partition = prompt_key(workspace, prompt)
    item = await store.get(partition, _VERSION + _number(number))
    if item is None:
        return None
    row = stored(Version, item)
    page = await store.query(partition, f"{_SOURCE}{_number(number)}#")
    texts: dict[str, str] = {}
    for piece in page.items:
        texts |= cast("Mapping[str, str]", piece.data["texts"])
    own = texts.pop(_OWN)
    return Stored(WholeVersion(**dict(row.value), text=own, partials=texts), row.version, row.etag)


async def list_versions(
    store: Store, workspace: str, name: str, *, cursor: str | None = None, limit: int = 50
) -> Listing[Version]:
    """A prompt's versions, newest first; raises PlatformError not_found or cursor_invalid."""
    key = prompt_key(workspace, (await get_prompt(store, workspace, name)).value.id)
    return await list_records(store, Version, key, _VERSION, cursor=cursor, limit=limit, reverse=True)


def _number(number: int) -> str:
    return f"{number:0{_DIGITS}}"
