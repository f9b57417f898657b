"""Prompts of a workspace: what is told of each, found by name, and by what it says.

A prompt's record lies in the workspace's partition of prompts, by name. Its draft, versions and history lie
in a partition of its own, by its id.
"""

import itertools
import unicodedata
from collections.abc import Callable
from typing import Final

from promptstudio.access.authors import Author
from promptstudio.access.principal import Principal, Role
from promptstudio.access.sharing import list_shared, prompts_key
from promptstudio.platform_errors import PlatformError
from promptstudio.prompts.diagnostics import CompileError
from promptstudio.prompts.file import parse_file
from promptstudio.storage.listings import Listing, make_cursor, read_cursor
from promptstudio.storage.port import Check, Item, Put, Store
from promptstudio.storage.records import Record, Stored, data, optional, stored

QUERY_CHARACTERS: Final = 200

_SEARCHED_CHARACTERS: Final = 4000
_DESCRIPTION_CHARACTERS: Final = 1000
_SCANNED: Final = 1000
_PAGE: Final = 100


class Prompt(Record):
    """A prompt. `latest` is the number of its newest version, 0 before the first, and `semver` is that
    version's. Only admins move the `protected` labels. `description` is the newest version's, or the
    draft's while there is none."""

    id: str
    name: str
    folder: str
    tags: tuple[str, ...]
    description: str | None = optional()
    labels: dict[str, int]
    protected: tuple[str, ...]
    aliases: tuple[str, ...]
    latest: int
    semver: str | None = optional()
    created_at: str
    created_by: Author
    updated_at: str
    updated_by: Author


class PromptRecord(Prompt):
    """A prompt as it is kept. `searched` is what a search looks through; `earlier` are the versions that
    each label had before, newest last."""

    searched: str
    earlier: dict[str, tuple[int, ...]]

    def public(self) -> Prompt:
        """The prompt as it is told of."""
        return Prompt(**{name: getattr(self, name) for name in Prompt.model_fields})


async def find_prompt(store: Store, workspace: str, name: str) -> Stored[PromptRecord] | None:
    """A prompt by its name."""
    item = await store.get(prompts_key(workspace), name)
    return None if item is None else stored(PromptRecord, item)


async def get_prompt(store: Store, workspace: str, name: str) -> Stored[PromptRecord]:
    """A prompt by its name; raises PlatformError not_found."""
    found = await find_prompt(store, workspace, name)
    if found is None:
        raise PlatformError("not_found", kind="prompt", id=name)
    return found


def prompt_put(workspace: str, record: PromptRecord, expect: int) -> Put:
    """The write of a prompt's record."""
    return Put(prompts_key(workspace), record.name, data(record), expect)


def prompt_check(workspace: str, found: Stored[PromptRecord]) -> Check:
    """The condition that a prompt is still as it was found, and there at all."""
    return Check(prompts_key(workspace), found.value.name, found.version)


def described(record: PromptRecord, text: str) -> PromptRecord:
    """The record with what a .prompt text says of the prompt."""
    description = _description(text)
    shown = description[:_DESCRIPTION_CHARACTERS] if description else None
    searched = _folded(f"{shown or ''} {text[:_SEARCHED_CHARACTERS]}")
    return record.model_copy(update={"description": shown, "searched": searched})


def _description(text: str) -> str | None:
    try:
        description = parse_file(text, "").metadata.get("description")
    except CompileError:
        return None
    return description if isinstance(description, str) else None


def _folded(text: str) -> str:
    """Text in the form in which two are the same for a search."""
    return unicodedata.normalize("NFC", text).casefold()


class PromptSearch(Record):
    """Which prompts are wanted: with each word of `q` somewhere in name, tags, description or text, in the
    folder or below it, with the tag."""

    q: str = ""
    folder: str = ""
    tag: str | None = None


async def list_prompts(
    store: Store, by: Principal, search: PromptSearch, *, cursor: str | None = None, limit: int = 50
) -> Listing[Prompt]:
    """The prompts that `by` may see, by name.

    A page has at most `limit`, and fewer, or none, where it ends because much was looked through; the list
    ends where there is no next cursor. A cursor names a prompt: for who may not see all it is one that they
    see, so that for them a page ends full, or with the list. Raises PlatformError cursor_invalid.
    """
    wanted = _wanted(search)
    sees = await _sight(store, by)
    after = None if cursor is None else read_cursor(cursor, "")
    found: list[Prompt] = []
    for _ in range(_SCANNED // _PAGE) if _sees_all(by) else itertools.count():
        page = await store.query(prompts_key(by.workspace), after=after, limit=_PAGE)
        for index, item in enumerate(page.items):
            record = stored(PromptRecord, item).value
            if sees(record) and wanted(record):
                found.append(record.public())
            if len(found) == limit:
                return _page(found, _behind(page.items, index, page.after))
        after = page.after
        if after is None:
            break
    return _page(found, after)


def _page(found: list[Prompt], after: str | None) -> Listing[Prompt]:
    return Listing[Prompt](items=found, next_cursor=make_cursor(after))


def _behind(items: tuple[Item, ...], index: int, after: str | None) -> str | None:
    """Where the list goes on behind an item of a page."""
    return after if index == len(items) - 1 else items[index].sk


def _wanted(search: PromptSearch) -> Callable[[PromptRecord], bool]:
    words = _folded(search.q).split()
    folder = search.folder.strip("/")

    def wanted(record: PromptRecord) -> bool:
        if folder and not f"{record.folder}/".startswith(f"{folder}/"):
            return False
        if search.tag is not None and search.tag not in record.tags:
            return False
        looked_through = f"{record.name} {_folded(' '.join(record.tags))} {record.searched}"
        return all(word in looked_through for word in words)

    return wanted


def _sees_all(by: Principal) -> bool:
    return by.role != Role.guest and by.prompts is None


async def _sight(store: Store, by: Principal) -> Callable[[PromptRecord], bool]:
    """Which prompts somebody sees: a guest those that are shared with them, a key those it is limited to."""
    if by.role != Role.guest:
        return lambda record: by.may_touch(record.name)
    shared: set[str] = set()
    cursor: str | None = None
    while True:
        page = await list_shared(store, by.workspace, by.id, cursor=cursor, limit=_PAGE)
        shared |= {share.prompt for share in page.items}
        cursor = page.next_cursor
        if cursor is None:
            return lambda record: record.id in shared
