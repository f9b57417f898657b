"""The store of this machine, as commands use it."""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from promptstudio.access.keys import ApiKey
    from promptstudio.access.principal import Principal
    from promptstudio.storage.port import Store

ENVIRONMENT: Final = "PROMPTSTUDIO_KEYS"

_FORMER_FILE: Final = "keys.json"

_T = TypeVar("_T")


def state_folder(data: Path | None) -> Path:
    """Where local state is: never in a new folder that no project and no `dev` would read."""
    from promptstudio_cli.project import data_folder, project_root

    folder = data_folder(data)
    if data is None and not folder.is_dir():
        project_root()
    return folder


def in_store(data: Path | None, work: "Callable[[Store, Principal, float], Awaitable[_T]]") -> _T:
    """Do something in the local workspace as its owner; `work` also takes the time, in seconds since 1970."""
    from promptstudio_functions.local_platform import local_owner, open_store

    async def done(folder: Path) -> _T:
        store = open_store(folder)
        try:
            now = time.time()
            return await work(store, await local_owner(store, now), now)
        finally:
            await store.close()

    folder = state_folder(data)
    _warn_of_former_file(folder / _FORMER_FILE)
    return asyncio.run(done(folder))


def count_keys(folder: Path) -> int:
    """How many keys the local workspace has that are in force; makes nothing. Raises PlatformError."""
    from promptstudio_functions.local_platform import FILE

    if not (folder / FILE).exists():
        return 0

    async def work(store: "Store", by: "Principal", now: float) -> int:
        return len([key for key in await all_keys(store, by.workspace) if key.in_force(now)])

    return in_store(folder, work)


async def all_keys(store: "Store", workspace: str) -> "list[ApiKey]":
    """Every key of the workspace, oldest first."""
    from promptstudio.access.keys import list_keys

    keys: list[ApiKey] = []
    cursor: str | None = None
    while True:
        page = await list_keys(store, workspace, cursor=cursor, limit=100)
        keys += page.items
        cursor = page.next_cursor
        if cursor is None:
            return keys


def say_where_keys_hold() -> None:
    """Say, on stderr, who reads the store's keys and how a target gets them."""
    lines = ["`serve` and `dev` know it at once."]
    if os.environ.get(ENVIRONMENT):
        lines = [f"{ENVIRONMENT} is set here: `serve` reads that, and not the keys that are listed here."]
    lines.append(f"A Cloudflare Worker: promptstudio keys export | npx wrangler secret put {ENVIRONMENT}")
    lines.append("Every other target: its README says where the export goes.")
    print("\n".join(lines), file=sys.stderr)


def _warn_of_former_file(path: Path) -> None:
    if path.exists():
        print(
            f"{path} is of an earlier version and read no longer. Create its keys anew, then delete it.",
            file=sys.stderr,
        )
