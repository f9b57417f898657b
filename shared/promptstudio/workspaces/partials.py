"""The partials of a workspace: texts that its prompts bring in by name, as files `_NAME.prompt`."""

import asyncio
import re
from typing import Final

from promptstudio.access.authors import Author, author
from promptstudio.access.principal import Principal
from promptstudio.ids import new_id
from promptstudio.platform_errors import PlatformError
from promptstudio.prompts.diagnostics import CompileError, Diagnostic
from promptstudio.prompts.file import parse_file
from promptstudio.prompts.version import parse_template
from promptstudio.storage.listings import Listing, list_records
from promptstudio.storage.port import ABSENT, TRANSACTION_BYTES, Conflict, Delete, Put, Store
from promptstudio.storage.records import Record, Stored, created, data, replaced, require_match, stored
from promptstudio.times import rfc3339
from promptstudio.workspaces.given import PARTIAL_NAME, Text

PARTIALS_MAX: Final = 100
"""How many a text may bring in, itself or through others."""

PARTIALS_CHARACTERS: Final = TRANSACTION_BYTES
"""How long they may be together: no version is kept with more, and to compile that takes seconds."""

_NAME: Final = re.compile(PARTIAL_NAME)


class TooManyPartialsError(Exception):
    """A text brings in too many partials, or too long ones. Its message says so."""


class Partial(Record):
    """A partial."""

    id: str
    name: str
    text: str
    updated_at: str
    updated_by: Author


class PartialChange(Record):
    """A partial's text, new or another."""

    text: Text


class PartialRow(Record):
    """A partial in a list, without its text."""

    id: str
    name: str
    updated_at: str
    updated_by: Author


def partials_key(workspace: str) -> str:
    """The partition of a workspace's partials, by name."""
    return f"{workspace}#partials"


async def find_partial(store: Store, workspace: str, name: str) -> Stored[Partial] | None:
    """A partial by its name."""
    item = await store.get(partials_key(workspace), name)
    return None if item is None else stored(Partial, item)


async def get_partial(store: Store, workspace: str, name: str) -> Stored[Partial]:
    """A partial by its name; raises PlatformError not_found."""
    found = await find_partial(store, workspace, name)
    if found is None:
        raise PlatformError("not_found", kind="partial", id=name)
    return found


async def list_partials(
    store: Store, workspace: str, *, cursor: str | None = None, limit: int = 50
) -> Listing[PartialRow]:
    """The partials by name; raises PlatformError cursor_invalid."""
    page = await list_records(store, Partial, partials_key(workspace), cursor=cursor, limit=limit)
    rows = [PartialRow(**partial.model_dump(exclude={"text"})) for partial in page.items]
    return Listing[PartialRow](items=rows, next_cursor=page.next_cursor)


async def put_partial(
    store: Store, by: Principal, name: str, change: PartialChange, *, if_match: str | None, now: float
) -> Stored[Partial]:
    """Make a partial, or give one that there is another text, which takes its ETag.

    Prompts that bring it in have the text from their next version on. Raises PlatformError key_limited,
    exists, if_match_missing, stale or item_too_large.
    """
    _require_unlimited(by)
    found = await find_partial(store, by.workspace, name)
    if found is None and if_match is not None:
        raise PlatformError("stale")
    if found is not None:
        require_match(found, if_match)
    partial = Partial(
        id=new_id("prt") if found is None else found.value.id,
        name=name,
        text=change.text,
        updated_at=rfc3339(now),
        updated_by=author(by),
    )
    expected = ABSENT if found is None else found.version
    try:
        await store.transact([Put(partials_key(by.workspace), name, data(partial), expected)])
    except Conflict:
        if found is None:
            raise PlatformError("exists", kind="partial", id=name) from None
        raise PlatformError("stale") from None
    return created(partial) if found is None else replaced(found, partial)


async def delete_partial(store: Store, by: Principal, name: str, *, if_match: str | None) -> None:
    """Delete a partial. Versions that brought it in keep it.

    Raises PlatformError key_limited, not_found, if_match_missing or stale.
    """
    _require_unlimited(by)
    found = await get_partial(store, by.workspace, name)
    require_match(found, if_match)
    try:
        await store.transact([Delete(partials_key(by.workspace), name, found.version)])
    except Conflict:
        raise PlatformError("stale") from None


def _require_unlimited(by: Principal) -> None:
    """Raise PlatformError key_limited for a key that may not touch every prompt."""
    if by.prompts is not None:
        raise PlatformError("key_limited")


async def reached_partials(store: Store, workspace: str, text: str) -> dict[str, str]:
    """The texts of the partials that a .prompt text brings in, itself or through others, by name.

    Those that do not exist are left out, and what is brought in by a text that cannot be read. Raises
    TooManyPartialsError.
    """
    reached: dict[str, str] = {}
    room = PARTIALS_CHARACTERS
    waiting = await asyncio.to_thread(_brought_in, text)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        if len(seen) > PARTIALS_MAX:
            raise TooManyPartialsError(f"this brings in more than {PARTIALS_MAX} partials")
        found = await find_partial(store, workspace, name) if _NAME.fullmatch(name) else None
        if found is not None:
            reached[name] = found.value.text
            room -= len(found.value.text)
            if room < 0:
                message = f"this brings in partials of more than {PARTIALS_CHARACTERS} characters"
                raise TooManyPartialsError(message)
            waiting |= await asyncio.to_thread(_brought_in, found.value.text) - seen
    return dict(sorted(reached.items()))


def _brought_in(text: str) -> set[str]:
    """The partials that a text names."""
    try:
        template = parse_template(parse_file(text, ""))
    except CompileError:
        return set()
    return set() if isinstance(template, Diagnostic) else set(template.partials)
