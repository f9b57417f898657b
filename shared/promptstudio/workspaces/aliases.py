"""Other names that a workspace's prompts answer to, as the newest version of each says."""

import re
from collections.abc import Iterable
from typing import Final

from promptstudio.access.sharing import prompts_key
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import ABSENT, Check, Delete, Put, Store, Write
from promptstudio.storage.records import Record, data, stored
from promptstudio.workspaces.prompts import PromptRecord

ALIASES_MAX: Final = 5

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")


class Alias(Record):
    """Which prompt an alias means, by its id and its name."""

    prompt: str
    name: str


def aliases_key(workspace: str) -> str:
    """The partition of a workspace's aliases."""
    return f"{workspace}#aliases"


async def find_alias(store: Store, workspace: str, alias: str) -> Alias | None:
    """The prompt that an alias means."""
    item = await store.get(aliases_key(workspace), alias)
    return None if item is None else stored(Alias, item).value


def no_alias(workspace: str, name: str) -> Check:
    """The condition that no prompt has this name as its alias."""
    return Check(aliases_key(workspace), name, ABSENT)


async def alias_writes(
    store: Store, workspace: str, record: PromptRecord, aliases: Iterable[str]
) -> list[Write]:
    """The writes that give a prompt these aliases in the place of those it has.

    Raises PlatformError exists where one of them means another prompt, or is its name.
    """
    new = sorted(set(aliases) - set(record.aliases))
    writes: list[Write] = []
    for alias in new:
        await _require_free(store, workspace, alias)
        meant = Alias(prompt=record.id, name=record.name)
        writes.append(Put(aliases_key(workspace), alias, data(meant), ABSENT))
        if _NAME.fullmatch(alias):
            writes.append(Check(prompts_key(workspace), alias, ABSENT))
    gone = sorted(set(record.aliases) - set(aliases))
    return [*writes, *(Delete(aliases_key(workspace), alias) for alias in gone)]


async def _require_free(store: Store, workspace: str, alias: str) -> None:
    if await store.get(aliases_key(workspace), alias) is not None:
        raise PlatformError("exists", kind="alias", id=alias)
    if _NAME.fullmatch(alias) and await store.get(prompts_key(workspace), alias) is not None:
        raise PlatformError("exists", kind="prompt", id=alias)
