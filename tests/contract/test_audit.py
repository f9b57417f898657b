"""The audit log on every engine: one chain, whoever writes at the same moment, nothing without its entry."""

import asyncio
import json
import sys
from collections.abc import Sequence

import pytest

from promptstudio.audit.chain import Head
from promptstudio.audit.log import AuditLog
from promptstudio.audit.verify import verify
from promptstudio.storage.port import ABSENT, Conflict, Item, Page, Put, Store, Unavailable, Write
from tests.contract.auditing import CHANGES, SECRET, WORKSPACE, entry, make
from tests.contract.engines import Clock, Space

PROCESSES = 8
EACH = 4


async def exported(log: AuditLog) -> tuple[list[bytes], Head]:
    """The lines of an export, found to be good, and the head up to which they go."""
    head = await log.head(WORKSPACE)
    lines = [line.rstrip("\n").encode() async for line in log.export(WORKSPACE, head)]
    verdict = verify(lines, key=log.key(WORKSPACE), workspace=WORKSPACE, head=head)
    assert verdict.finding is None, str(verdict.finding)
    return lines, head


def told(lines: Sequence[bytes]) -> list[str]:
    """What the entries of an export are about."""
    return [json.loads(line)["target"]["id"] for line in lines[:-1]]


async def test_eight_processes_write_one_chain_with_an_entry_for_each_change(
    space: Space, store: Store
) -> None:
    command = [sys.executable, "-m", "tests.contract.auditing"]
    processes = [
        await asyncio.create_subprocess_exec(*command, f"p{number}", str(EACH), *space.words)
        for number in range(PROCESSES)
    ]
    assert [await process.wait() for process in processes] == [0] * PROCESSES
    lines, head = await exported(AuditLog(store, SECRET, Clock()))
    assert head.seq == PROCESSES * EACH
    changes = [item.sk for item in (await store.query(CHANGES)).items]
    assert sorted(told(lines)) == changes
    assert changes == sorted(f"p{number} {each}" for number in range(PROCESSES) for each in range(EACH))


async def test_a_change_that_is_refused_is_refused_at_its_index_and_leaves_no_entry(store: Store) -> None:
    log = AuditLog(store, SECRET, Clock())
    await make(store, "first", 1)
    fresh, taken = Put(CHANGES, "fresh", {}, ABSENT), Put(CHANGES, "first 0", {}, ABSENT)
    with pytest.raises(Conflict) as refused:
        await log.write(WORKSPACE, [fresh, taken], [entry("fresh")])
    assert refused.value.index == 1
    assert await store.get(CHANGES, "fresh") is None
    assert (await log.head(WORKSPACE)).seq == 1


class Rival:
    """A Store before whose first transactions others write entries; `asked` counts them."""

    def __init__(self, store: Store, times: int, rival: Sequence[Write] = ()) -> None:
        self._store, self._left, self._rival = store, times, rival
        self.asked = 0

    async def get(self, pk: str, sk: str) -> Item | None:
        return await self._store.get(pk, sk)

    async def query(
        self, pk: str, prefix: str = "", *, after: str | None = None, limit: int = 100, reverse: bool = False
    ) -> Page:
        return await self._store.query(pk, prefix, after=after, limit=limit, reverse=reverse)

    async def transact(
        self, writes: Sequence[Write], *, operation: str | None = None
    ) -> list[dict[str, int]]:
        self.asked += 1
        if self._left > 0:
            self._left -= 1
            rivals = AuditLog(self._store, SECRET, Clock())
            await rivals.write(WORKSPACE, self._rival, [entry(f"rival {self._left}")])
            self._rival = ()
        return await self._store.transact(writes, operation=operation)

    async def close(self) -> None:
        await self._store.close()


async def at_once(_: float) -> None:
    pass


async def test_a_head_that_moved_is_gone_on_from_and_the_change_is_done_once(store: Store) -> None:
    rival = Rival(store, times=5)
    log = AuditLog(rival, SECRET, Clock(), at_once)
    await log.write(WORKSPACE, [Put(CHANGES, "mine", {"n": 1}, ABSENT)], [entry("mine")], operation="once")
    lines, _ = await exported(AuditLog(store, SECRET, Clock()))
    assert told(lines) == [*(f"rival {number}" for number in (4, 3, 2, 1, 0)), "mine"]
    assert rival.asked == 6
    found = await store.get(CHANGES, "mine")
    assert found is not None
    assert found.version == 1


async def test_a_change_whose_own_item_moved_with_the_head_is_not_tried_again(store: Store) -> None:
    rival = Rival(store, times=1, rival=[Put(CHANGES, "mine", {"by": "rival"}, ABSENT)])
    log = AuditLog(rival, SECRET, Clock(), at_once)
    with pytest.raises(Conflict) as refused:
        await log.write(WORKSPACE, [Put(CHANGES, "mine", {}, ABSENT)], [entry("mine")])
    assert (refused.value.index, rival.asked) == (0, 1)
    lines, _ = await exported(AuditLog(store, SECRET, Clock()))
    assert told(lines) == ["rival 0"]


async def test_who_never_gets_through_is_told_to_come_again_and_has_changed_nothing(store: Store) -> None:
    log = AuditLog(Rival(store, times=1000), SECRET, Clock(), at_once)
    with pytest.raises(Unavailable):
        await log.write(WORKSPACE, [Put(CHANGES, "mine", {}, ABSENT)], [entry("mine")])
    assert await store.get(CHANGES, "mine") is None


async def test_an_export_of_many_pages_goes_on_where_an_earlier_one_ended(store: Store) -> None:
    log = AuditLog(store, SECRET, Clock())
    for number in range(0, 110, 10):
        await log.write(WORKSPACE, [], [entry(str(number + each)) for each in range(10)])
        if number == 50:
            earlier = await log.head(WORKSPACE)
    lines, head = await exported(log)
    assert told(lines) == [str(number) for number in range(110)]
    rest = [line.rstrip("\n").encode() async for line in log.export(WORKSPACE, head, after=earlier.seq)]
    assert told(rest) == [str(number) for number in range(60, 110)]
    assert verify(rest, key=log.key(WORKSPACE), after=earlier).finding is None
    up_to = [line.rstrip("\n").encode() async for line in log.export(WORKSPACE, earlier)]
    assert verify(up_to, key=log.key(WORKSPACE), head=earlier).finding is None
    assert len(up_to) == 61
