"""The workspace of a machine that serves for itself. Whoever has its file is its owner, with no password."""

import sqlite3
import time
from pathlib import Path
from typing import Final

from promptstudio.access.accounts import account_puts, new_account
from promptstudio.access.keys import KeyLookup
from promptstudio.access.members import acting, list_members, new_workspace
from promptstudio.access.principal import Principal, Role
from promptstudio.access.sign_in import new_sign_in_link
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import ABSENT, Conflict, Put, Store
from promptstudio.storage.records import Record, data, stored
from promptstudio.storage.sqlite import SqliteStore

FILE: Final = "promptstudio.db"

_KEY: Final = ("sys#local", "workspace")
_NAME: Final = "Local"
_OWNER: Final = "Owner"
_EMAIL: Final = "owner@localhost"
_OWNER_ONLY: Final = 0o700


class Local(Record):
    """Which workspace is the local one, and the account that it was made with."""

    workspace: str
    owner: str


def open_store(folder: Path) -> SqliteStore:
    """The store in a folder of local state; either is made where it is missing.

    Raises PlatformError store_file_bad, and OSError where the folder cannot be made.
    """
    folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    try:
        return SqliteStore(folder / FILE)
    except sqlite3.DatabaseError as error:
        raise PlatformError("store_file_bad", path=str(folder / FILE), reason=str(error)) from None


async def local_workspace(store: Store, now: float) -> str:
    """The id of the local workspace, which is made at the first call and stays the same."""
    return (await _local(store, now)).workspace


async def known_workspace(store: Store) -> str | None:
    """The id of the local workspace, or None where there is none yet; makes nothing. Raises Unavailable."""
    item = await store.get(*_KEY)
    return None if item is None else stored(Local, item).value.workspace


async def local_owner(store: Store, now: float) -> Principal:
    """Who acts for this machine: the owner that the workspace was made with, or who came in their place."""
    local = await _local(store, now)
    first = await acting(store, local.workspace, local.owner)
    if first is not None and first.role == Role.owner:
        return first
    cursor: str | None = None
    while True:
        page = await list_members(store, local.workspace, cursor=cursor, limit=100)
        for member in page.items:
            if member.role == Role.owner and not member.suspended:
                return Principal(local.workspace, member.id, member.name, role=member.role)
        cursor = page.next_cursor
        if cursor is None:
            message = f"{local.workspace} has lost its owners"
            raise LookupError(message)


async def sign_in_url(store: Store, public_url: str, now: float) -> str:
    """A link to the platform at `public_url` that lets its first user in, within the hour, as the owner."""
    owner = await local_owner(store, now)
    token = await new_sign_in_link(store, owner.workspace, owner.id, now)
    return f"{public_url.rstrip('/')}/sign-in?token={token.text}"


async def has_keys(folder: Path) -> bool:
    """Whether the local workspace in a folder ever had an API key; makes nothing.

    Raises PlatformError store_file_bad.
    """
    if not (folder / FILE).exists():
        return False
    store = open_store(folder)
    try:
        workspace = await known_workspace(store)
        return workspace is not None and await KeyLookup(store, time.time).any_exist(workspace)
    finally:
        await store.close()


async def _local(store: Store, now: float) -> Local:
    item = await store.get(*_KEY)
    return await _make(store, now) if item is None else stored(Local, item).value


async def _make(store: Store, now: float) -> Local:
    account = await new_account(_EMAIL, _OWNER, None, now)
    workspace, writes = new_workspace(_NAME, account.public(), now)
    local = Local(workspace=workspace.id, owner=account.id)
    try:
        await store.transact([Put(*_KEY, data(local), ABSENT), *account_puts(account), *writes])
    except Conflict:
        return await _local(store, now)  # another process was faster
    return local
