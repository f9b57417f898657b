"""What goes by the clock: items that expire, operations that are remembered for a day, on every engine."""

import pytest

from promptstudio.storage.port import ABSENT, Add, Check, Conflict, Delete, Item, Put, Store, Write
from tests.contract.engines import Clock, Space
from tests.contract.test_items import conflict_of


async def test_an_item_is_absent_from_the_second_it_expires(store: Store, clock: Clock) -> None:
    due = int(clock()) + 10
    await store.transact([Put("ws", "a", {}, expires_at=due)])
    clock.seconds = due - 0.001
    assert await store.get("ws", "a") == Item("ws", "a", {}, 1, due)
    clock.seconds = due
    assert await store.get("ws", "a") is None
    assert (await store.query("ws")).items == ()


async def test_an_expired_item_counts_as_absent_in_conditions(store: Store, clock: Clock) -> None:
    due = int(clock()) + 10
    await store.transact([Put("ws", key, {}, expires_at=due) for key in "abcd"])
    clock.seconds = due
    for write in (Put("ws", "a", {}, expect=1), Delete("ws", "a", expect=1), Check("ws", "a", 1)):
        assert await conflict_of(store, write) == 0
    await store.transact(
        [Put("ws", "a", {"n": 2}, expect=ABSENT), Delete("ws", "b", expect=ABSENT), Check("ws", "c", ABSENT)]
    )
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 2}, 1)


async def test_a_put_sets_the_expiry_anew(store: Store, clock: Clock) -> None:
    due = int(clock()) + 10
    await store.transact([Put("ws", "a", {}, expires_at=due), Put("ws", "b", {}, expires_at=due)])
    await store.transact([Put("ws", "a", {}), Put("ws", "b", {}, expect=1, expires_at=due + 10)])
    clock.seconds = due + 5
    assert await store.get("ws", "a") == Item("ws", "a", {}, 2)
    assert await store.get("ws", "b") == Item("ws", "b", {}, 2, due + 10)


@pytest.mark.parametrize("expires_at", [None, 1_900_000_000])
async def test_any_put_over_an_expired_item_is_there(
    store: Store, clock: Clock, expires_at: int | None
) -> None:
    await store.transact([Put("ws", "a", {}, expires_at=int(clock()) + 10)])
    clock.seconds += 10
    await store.transact([Put("ws", "a", {"n": 2}, expires_at=expires_at)])
    found = await store.get("ws", "a")
    assert found is not None
    assert (found.data, found.expires_at) == ({"n": 2}, expires_at)
    assert found.version >= 1


async def test_an_item_may_be_put_expired_already(store: Store, clock: Clock) -> None:
    await store.transact([Put("ws", "a", {}, expires_at=int(clock()))])
    assert await store.get("ws", "a") is None


async def test_what_lives_survives_what_expires_beside_it(store: Store, clock: Clock) -> None:
    due = int(clock()) + 10
    for start in range(0, 60, 20):
        await store.transact(
            [Put("ws", f"{start + index:02}", {}, expires_at=due + index % 2) for index in range(20)]
        )
    clock.seconds = due
    for index in range(20):
        await store.transact([Put("ws", "tick", {"n": index})])
    assert [item.sk for item in (await store.query("ws")).items] == [
        *(f"{index:02}" for index in range(1, 60, 2)),
        "tick",
    ]


async def test_an_operation_that_is_repeated_has_one_effect(store: Store, space: Space, clock: Clock) -> None:
    writes: list[Write] = [Put("ws", "a", {"n": 1}, expect=ABSENT), Add("ws", "count", {"n": 1})]
    assert await store.transact(writes, operation="op") == [{"n": 1}]
    clock.seconds += 24 * 3600 - 2
    other = space.open(now=clock)
    assert await other.transact(writes, operation="op") == [{"n": 1}]
    await other.close()
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 1}, 1)
    assert await store.get("ws", "count") == Item("ws", "count", {"n": 1}, 1)


@pytest.mark.parametrize(
    "write", [Put("ws", "a", {"n": 2}), Put("ws", "a", {"n": 2}, expect=1), Delete("ws", "a", expect=1)]
)
async def test_a_single_write_is_repeated_alike(store: Store, write: Write) -> None:
    await store.transact([Put("ws", "a", {"n": 1})])
    for _ in range(3):
        assert await store.transact([write], operation="op") == []
    found = await store.get("ws", "a")
    assert found == (Item("ws", "a", {"n": 2}, 2) if isinstance(write, Put) else None)


async def test_a_repeated_add_tells_the_counters_of_now(store: Store) -> None:
    await store.transact([Add("ws", "a", {"n": 1}), Add("ws", "b", {"n": 1})], operation="op")
    await store.transact([Add("ws", "a", {"n": 5}), Delete("ws", "b")])
    writes = [Add("ws", "a", {"n": 1}, {"n": 1}), Add("ws", "b", {"n": 1})]
    assert await store.transact(writes, operation="op") == [{"n": 6}, {}]


async def test_an_operation_that_was_refused_may_be_tried_again(store: Store) -> None:
    writes = [Put("ws", "a", {"n": 2}, expect=1)]
    with pytest.raises(Conflict):
        await store.transact(writes, operation="op")
    await store.transact([Put("ws", "a", {"n": 1})])
    await store.transact(writes, operation="op")
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 2}, 2)


async def test_operations_are_no_items(store: Store) -> None:
    await store.transact([Put("op", "a", {})], operation="op")
    await store.transact([Put("op", "-", {}, expect=ABSENT), Put("o:op", "-", {}, expect=ABSENT)])
    assert [item.sk for item in (await store.query("op")).items] == ["-", "a"]
