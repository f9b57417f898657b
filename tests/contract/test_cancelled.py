"""Callers that go away in the middle: who asks next gets their own answer, and writes are whole or not."""

import asyncio
import random
from contextlib import suppress

from promptstudio.storage.port import Add, Put, Store

OWNERS = [f"ws_{number}" for number in range(12)]


async def read(store: Store, owner: str) -> None:
    """Read what is the owner's, by both ways."""
    item = await store.get(owner, "value")
    assert item is not None
    assert item.data["of"] == owner
    page = await store.query(owner)
    assert {found.pk for found in page.items} == {owner}
    assert [found.data.get("of") for found in page.items if found.sk == "value"] == [owner]


async def write(store: Store, owner: str, number: int) -> None:
    put = Put(owner, "value", {"of": owner, "number": number})
    counters = await store.transact([put, Add(owner, "count", {"n": 1}), Add(owner, "twin", {"n": 1})])
    assert counters[0] == counters[1]


async def leave(task: asyncio.Task[None], turns: int) -> None:
    """Cancel a call after so many turns of the loop."""
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_an_answer_reaches_nobody_but_who_asked(store: Store) -> None:
    """CVE-2023-28858, CVE-2023-28859 redis-py: a cancelled command left its answer to the next one."""
    chance = random.Random(11)
    for number, owner in enumerate(OWNERS):
        await write(store, owner, number)
    for number in range(12):
        calls = [
            *(leave(asyncio.create_task(read(store, owner)), chance.randrange(40)) for owner in OWNERS),
            *(
                leave(asyncio.create_task(write(store, owner, number)), chance.randrange(40))
                for owner in OWNERS[:4]
            ),
            *(read(store, owner) for owner in OWNERS),
        ]
        chance.shuffle(calls)
        await asyncio.gather(*calls)
    for owner in OWNERS:
        await read(store, owner)


async def test_a_cancelled_transaction_is_whole_or_is_not(store: Store) -> None:
    """CVE-2023-28858 redis-py; security.md (c) 8: of what was cancelled both counters tell the same."""
    for turns in range(40):
        await leave(asyncio.create_task(write(store, "ws_1", turns)), turns)
    await write(store, "ws_1", 0)
    count, twin = await store.get("ws_1", "count"), await store.get("ws_1", "twin")
    assert count is not None
    assert twin is not None
    assert count.data == twin.data
