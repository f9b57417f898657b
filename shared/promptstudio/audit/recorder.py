"""The store as a request's handlers have it: what they change in it is told in the audit log, in the same
transaction.

What a request may do is a list of acts. An act says by its partition which write is the one it is about, so
that a transaction that only tidies up passes as it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from promptstudio.access.members import find_member
from promptstudio.access.principal import Principal
from promptstudio.audit.entries import Actor, Entry, Source, Target, acting
from promptstudio.audit.log import AuditLog
from promptstudio.audit.told import Members, told
from promptstudio.storage.port import ABSENT, Delete, Item, Page, Put, Write

_WORKSPACE: Final = re.compile(r"(ws_[0-9A-Za-z]{12})#(.+)", re.DOTALL)
_ACCOUNTS: Final = "sys#account#"
_MEMBERS: Final = "members"


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a request may do: a write in `partition`, named without its workspace, or in those below
    it, whose sort key begins with `sort`. With `removes` it is a Delete, with False a Put.

    `kind` is what it is done to; the record's member `id_member` tells which, and a record without one is the
    workspace's own.
    """

    action: str
    kind: str
    partition: str
    sort: str = ""
    removes: bool | None = None
    id_member: str = "id"

    def is_of(self, write: Write) -> bool:
        if not isinstance(write, (Put, Delete)) or not write.sk.startswith(self.sort):
            return False
        if self.removes is not None and self.removes != isinstance(write, Delete):
            return False
        return f"{_partition(write.pk)}#".startswith(f"{self.partition}#")


@dataclass(frozen=True, slots=True)
class _Change:
    """A write with what it was about before and is after."""

    write: Put | Delete
    before: Members | None
    after: Members | None

    @property
    def record(self) -> Members:
        return self.after or self.before or {}


class Recorder:
    """A Store that tells in `log` what is done in it. `by` is None for who proves only with the change itself
    who they are; `named` is the name in the request's path."""

    def __init__(
        self,
        log: AuditLog,
        acts: Sequence[Act],
        by: Principal | None,
        source: Source,
        named: str | None = None,
    ) -> None:
        self._log = log
        self._store = log.store
        self._acts = acts
        self._by = by
        self._source = source
        self._named = named

    async def get(self, pk: str, sk: str) -> Item | None:
        return await self._store.get(pk, sk)

    async def query(
        self, pk: str, prefix: str = "", *, after: str | None = None, limit: int = 100, reverse: bool = False
    ) -> Page:
        return await self._store.query(pk, prefix, after=after, limit=limit, reverse=reverse)

    async def transact(
        self, writes: Sequence[Write], *, operation: str | None = None
    ) -> list[dict[str, int]]:
        changes = await self._changes(writes)
        if not changes:
            return await self._store.transact(writes, operation=operation)
        workspace = self._workspace(next(iter(changes.values())), writes)
        actor = await self._actor(workspace, [*changes.values()], writes)
        entries = [self._entry(workspace, act, actor, change) for act, change in changes.items()]
        return await self._log.write(workspace, writes, entries, operation=operation)

    async def close(self) -> None:
        await self._store.close()

    async def _changes(self, writes: Sequence[Write]) -> dict[Act, _Change]:
        """The writes that are acts, but for those that leave their record as it is."""
        changes: dict[Act, _Change] = {}
        for act in self._acts:
            write = next(filter(act.is_of, writes), None)
            if isinstance(write, (Put, Delete)):
                changes[act] = await self._change(write)
        return {act: change for act, change in changes.items() if change.before != change.after}

    async def _change(self, write: Put | Delete) -> _Change:
        found = None if write.expect == ABSENT else await self._store.get(write.pk, write.sk)
        after = write.data if isinstance(write, Put) else None
        return _Change(write, None if found is None else found.data, after)

    def _workspace(self, change: _Change, writes: Sequence[Write]) -> str:
        """The workspace of a change; of one to an account, that in which it is made."""
        for write in (change.write, *([] if self._by is not None else writes)):
            found = _WORKSPACE.fullmatch(write.pk)
            if found is not None:
                return found[1]
        if self._by is None:
            raise ValueError(f"a change of {change.write.pk} is in no workspace")
        return self._by.workspace

    async def _actor(self, workspace: str, changes: Sequence[_Change], writes: Sequence[Write]) -> Actor:
        """Who acts: whom the request was let in as, or who they become by it."""
        if self._by is not None:
            return acting(self._by)
        for write in writes:
            if isinstance(write, Put) and _is_person(write):
                return Actor(kind="member", id=str(write.data["id"]), name=str(write.data["name"]))
        for change in changes:
            account = change.record.get("account")
            found = None if account is None else await find_member(self._log.store, workspace, str(account))
            if found is not None:
                return Actor(kind="member", id=found.value.id, name=found.value.name)
        record = changes[0].record
        return Actor(kind="invitation", id=str(record.get("id")), name=str(record.get("email")))

    def _entry(self, workspace: str, act: Act, actor: Actor, change: _Change) -> Entry:
        name = change.record.get("name")
        target = Target(
            kind=act.kind,
            id=str(change.record.get(act.id_member) or workspace),
            name=name if isinstance(name, str) else self._named,
        )
        before, after = told(change.before, change.after)
        return Entry(act.action, actor, self._source, target, before, after)


def _partition(pk: str) -> str:
    """A partition without its workspace."""
    found = _WORKSPACE.fullmatch(pk)
    return pk if found is None else found[2]


def _is_person(put: Put) -> bool:
    """Whether this writes somebody's membership, or their account."""
    partition = _partition(put.pk)
    return "email" in put.data and (partition == _MEMBERS or partition.startswith(_ACCOUNTS))
