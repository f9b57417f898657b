"""The audit log of each workspace in the store: an entry is written in the transaction of what it tells of.

A log is a partition with an item for each entry and one for its head. A transaction that adds entries also
replaces the head it goes on from, so that of two at the same moment one is refused, and goes on from the
other. What it was refused for by itself is for its caller: only a head that has moved is tried again.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from promptstudio.audit.chain import START, Head, entry_line, head_line, workspace_key
from promptstudio.audit.entries import AuditEntry, Entry
from promptstudio.sealing import Sealer, derived_secret, has_secrets
from promptstudio.storage.listings import Listing, make_cursor, read_cursor
from promptstudio.storage.port import ABSENT, Conflict, Item, Put, Store, Unavailable, Write
from promptstudio.times import rfc3339

ATTEMPTS: Final = 60

_PURPOSE: Final = "audit"
_HEAD: Final = "head"
_ENTRY: Final = "entry#"
_PAGE: Final = 100
_SHORTEST_S: Final = 0.004
_LONGEST_S: Final = 0.25


def audit_key(workspace: str) -> str:
    """The partition of a workspace's audit log."""
    return f"{workspace}#audit"


class AuditLog:
    """The logs of all workspaces. `secret` is what their keys are derived from; `now` gives seconds since
    1970; `sleep` takes seconds."""

    def __init__(
        self,
        store: Store,
        secret: bytes,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.store = store
        self._secret = secret
        self._now = now
        self._sleep = sleep

    def key(self, workspace: str) -> bytes:
        """The key of a workspace's log: whoever has it can verify it, and write it."""
        return workspace_key(self._secret, workspace)

    async def write(
        self,
        workspace: str,
        writes: Sequence[Write],
        entries: Sequence[Entry],
        *,
        operation: str | None = None,
    ) -> list[dict[str, int]]:
        """Do the writes with the entries that tell of them, all or nothing, as Store.transact does.

        Raises Conflict, at the index of the write among `writes`, and Unavailable, also where too many others
        write entries at the same time.
        """
        return await self._append(workspace, audit_key(workspace), writes, entries, operation, None)

    async def write_for_nobody(
        self, place: str, writes: Sequence[Write], entry: Entry, until: int
    ) -> list[dict[str, int]]:
        """Do what `write` does, in a place that is no workspace's, so that nobody can tell by the time that
        this takes; what is kept of it ends at `until`."""
        return await self._append(place, audit_key(place), writes, [entry], None, until)

    async def head(self, workspace: str) -> Head:
        """How far a log goes."""
        return _head(await self.store.get(audit_key(workspace), _HEAD))

    async def list_entries(
        self, workspace: str, *, cursor: str | None = None, limit: int = 50
    ) -> Listing[AuditEntry]:
        """The entries, newest first; raises PlatformError cursor_invalid."""
        after = None if cursor is None else read_cursor(cursor, _ENTRY)
        page = await self.store.query(audit_key(workspace), _ENTRY, after=after, limit=limit, reverse=True)
        items = [AuditEntry.model_validate_json(_line(item)) for item in page.items]
        return Listing[AuditEntry](items=items, next_cursor=make_cursor(page.after))

    async def export(self, workspace: str, head: Head, *, after: int = 0) -> AsyncIterator[str]:
        """The lines behind entry `after` up to a head, and the line that ends them, each with its newline.

        It tells what is in the store; whether that is the log is for who verifies it. Raises Unavailable.
        """
        last, behind = _sort(head.seq), _sort(after) if after else None
        while behind is None or behind < last:
            page = await self.store.query(audit_key(workspace), _ENTRY, after=behind, limit=_PAGE)
            for item in page.items:
                if item.sk <= last:
                    yield _line(item) + "\n"
            behind = page.after
            if behind is None:
                break
        yield head_line(self.key(workspace), workspace, head, rfc3339(self._now())) + "\n"

    async def _append(
        self,
        workspace: str,
        partition: str,
        writes: Sequence[Write],
        entries: Sequence[Entry],
        operation: str | None,
        until: int | None,
    ) -> list[dict[str, int]]:
        for attempt in range(ATTEMPTS):
            found = await self.store.get(partition, _HEAD)
            added = self._added(workspace, partition, found, entries, until)
            try:
                return await self.store.transact([*writes, *added], operation=operation)
            except Conflict as conflict:
                if conflict.index < len(writes):
                    raise
            await self._sleep(random.uniform(0, min(_LONGEST_S, _SHORTEST_S * 2**attempt)))  # noqa: S311
        raise Unavailable

    def _added(
        self, workspace: str, partition: str, found: Item | None, entries: Sequence[Entry], until: int | None
    ) -> list[Write]:
        """The writes of entries that go on from the head that was found, and of the one they lead to."""
        key, at, head = self.key(workspace), rfc3339(self._now()), _head(found)
        puts: list[Write] = []
        for entry in entries:
            line, head = entry_line(key, head, entry.members(workspace, at))
            puts.append(Put(partition, _sort(head.seq), {"line": line}, ABSENT, until))
        expected = ABSENT if found is None else found.version
        moved = Put(partition, _HEAD, {"seq": head.seq, "hash": head.hash}, expected, until)
        return [moved, *puts]


async def has_log(store: Store) -> bool:
    """Whether anybody opened the logs in a store; raises Unavailable."""
    return await has_secrets(store, _PURPOSE)


async def open_log(store: Store, sealer: Sealer, now: Callable[[], float]) -> AuditLog:
    """The logs in a store, with the secret that is sealed there.

    Raises PlatformError sealing_key_other or sealing_unavailable, and Unavailable.
    """
    return AuditLog(store, await derived_secret(store, sealer, _PURPOSE), now)


def _head(item: Item | None) -> Head:
    return START if item is None else Head(int(str(item.data["seq"])), str(item.data["hash"]))


def _sort(seq: int) -> str:
    """The sort key of an entry, which sorts by its number."""
    return f"{_ENTRY}{seq:012d}"


def _line(item: Item) -> str:
    return str(item.data["line"])
