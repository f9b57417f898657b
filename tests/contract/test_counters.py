"""Counters: added to at once, within their bounds, on every engine."""

import asyncio

import pytest

from promptstudio.storage.port import (
    ABSENT,
    COUNTER_MAX,
    Add,
    Check,
    Conflict,
    Delete,
    Item,
    Put,
    Store,
    Write,
)
from tests.contract.engines import Clock
from tests.contract.test_items import conflict_of


async def test_counters_begin_at_nothing(store: Store) -> None:
    assert await store.transact([Add("ws", "a", {"runs": 2, "tokens": -3, "none": 0})]) == [
        {"runs": 2, "tokens": -3, "none": 0}
    ]
    assert await store.get("ws", "a") == Item("ws", "a", {"runs": 2, "tokens": -3, "none": 0}, 1)


async def test_an_add_tells_all_counters_as_they_are_afterwards(store: Store) -> None:
    await store.transact([Add("ws", "a", {"x": 1})])
    assert await store.transact([Add("ws", "a", {"y": 10})]) == [{"x": 1, "y": 10}]
    assert await store.transact([Add("ws", "a", {"x": 5, "y": -3})]) == [{"x": 6, "y": 7}]
    found = await store.get("ws", "a")
    assert found is not None
    assert (found.data, found.version) == ({"x": 6, "y": 7}, 3)


@pytest.mark.parametrize("operation", [None, "one"])
async def test_counters_that_are_over_with_their_write_are_told_as_absent(
    store: Store, clock: Clock, operation: str | None
) -> None:
    over = [Add("ws", "a", {"n": 1}, expires_at=int(clock()))]
    assert await store.transact(over, operation=operation) == [{}]
    assert await store.get("ws", "a") is None
    assert await store.transact(over, operation=operation) == [{}]
    assert await store.transact([*over, Put("ws", "b", {})]) == [{}]
    assert await store.transact([Add("ws", "a", {"n": 1})]) == [{"n": 1}]


async def test_adds_of_a_transaction_are_told_in_order(store: Store) -> None:
    await store.transact([Add("ws", "b", {"n": 7})])
    assert await store.transact(
        [Add("ws", "b", {"n": 1}), Put("ws", "x", {}), Add("ws", "a", {"m": 2}), Check("ws", "c", ABSENT)]
    ) == [{"n": 8}, {"m": 2}]


async def test_a_counter_reaches_its_ceiling_and_does_not_pass_it(store: Store) -> None:
    assert await store.transact([Add("ws", "a", {"n": 3}, {"n": 5})]) == [{"n": 3}]
    assert await store.transact([Add("ws", "a", {"n": 2}, {"n": 5})]) == [{"n": 5}]
    assert await conflict_of(store, Add("ws", "a", {"n": 1}, {"n": 5})) == 0
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 5}, 2)


async def test_the_first_add_may_pass_the_ceiling_already(store: Store) -> None:
    assert await conflict_of(store, Add("ws", "a", {"n": 6}, {"n": 5})) == 0
    assert await conflict_of(store, Add("ws", "a", {"n": 0}, {"n": -1})) == 0
    assert await store.get("ws", "a") is None


async def test_counters_of_one_add_are_added_to_all_or_none(store: Store) -> None:
    await store.transact([Add("ws", "a", {"x": 1, "y": 1})])
    assert await conflict_of(store, Add("ws", "a", {"x": 1, "y": 1, "z": 1}, {"y": 1})) == 0
    assert await conflict_of(store, Add("ws", "a", {"x": 1, "z": 2}, {"z": 1})) == 0
    assert await store.get("ws", "a") == Item("ws", "a", {"x": 1, "y": 1}, 1)


async def test_a_counter_above_its_ceiling_may_not_even_fall_unless_below(store: Store) -> None:
    await store.transact([Add("ws", "a", {"n": 10})])
    assert await conflict_of(store, Add("ws", "a", {"n": -1}, {"n": 5})) == 0
    assert await store.transact([Add("ws", "a", {"n": -5}, {"n": 5})]) == [{"n": 5}]


@pytest.mark.parametrize("sign", [1, -1])
async def test_counters_are_exact_up_to_their_range(store: Store, sign: int) -> None:
    await store.transact([Add("ws", "a", {"n": sign * (COUNTER_MAX - 1)})])
    assert await store.transact([Add("ws", "a", {"n": sign})]) == [{"n": sign * COUNTER_MAX}]
    for delta in (1, 2, COUNTER_MAX):
        assert await conflict_of(store, Add("ws", "a", {"n": sign * delta})) == 0
    assert await store.transact([Add("ws", "a", {"n": -sign * COUNTER_MAX})]) == [{"n": 0}]
    assert await store.transact([Add("ws", "a", {"n": -sign * COUNTER_MAX})]) == [{"n": -sign * COUNTER_MAX}]


async def test_names_of_counters_are_any_text(store: Store) -> None:
    deltas = {"": 1, "a b": 2, "é漢\U0001f600": 3, "#:.[]'\"\\": 4, "version": 5, "pk": 6, "expires_at": 7}
    assert await store.transact([Add("ws", "a", deltas, dict.fromkeys(deltas, 7))]) == [deltas]
    assert await store.get("ws", "a") == Item("ws", "a", dict(deltas), 1)


async def test_what_was_put_is_no_counter(store: Store) -> None:
    await store.transact([Put("ws", "a", {"n": 1})])
    assert await conflict_of(store, Add("ws", "a", {"n": 1})) == 0
    await store.transact([Put("ws", "a", {"n": 1})])
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 1}, 2)


@pytest.mark.parametrize("expect", [None, 1])
async def test_a_put_takes_the_place_of_counters(store: Store, expect: int | None) -> None:
    await store.transact([Add("ws", "a", {"n": 1})])
    await store.transact([Put("ws", "a", {"m": 2}, expect=expect)])
    assert await store.get("ws", "a") == Item("ws", "a", {"m": 2}, 2)
    assert await conflict_of(store, Add("ws", "a", {"n": 1})) == 0
    await store.transact([Delete("ws", "a")])
    assert await store.transact([Add("ws", "a", {"m": 1})]) == [{"m": 1}]


async def test_an_expired_counter_begins_again(store: Store, clock: Clock) -> None:
    begun = int(clock())
    await store.transact([Add("ws", "a", {"n": 4, "old": 1}, expires_at=begun + 10)])
    clock.seconds += 10
    assert await store.transact([Add("ws", "a", {"n": 1}, {"n": 4}, expires_at=begun + 20)]) == [{"n": 1}]
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 1}, 1, begun + 20)


async def test_expired_counters_begin_again_in_a_transaction_too(store: Store, clock: Clock) -> None:
    begun = int(clock())
    await store.transact([Add("ws", "a", {"n": 4}, expires_at=begun + 10), Add("ws", "b", {"n": 4})])
    clock.seconds += 10
    writes: list[Write] = [Add("ws", "b", {"n": 1}), Add("ws", "a", {"n": 1}, {"n": 4}), Put("ws", "c", {})]
    assert await store.transact(writes, operation="window") == [{"n": 5}, {"n": 1}]
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 1}, 1)


async def test_an_expired_counter_refuses_what_is_above_its_ceiling(store: Store, clock: Clock) -> None:
    await store.transact([Add("ws", "a", {"n": 1}, expires_at=int(clock()) + 10)])
    clock.seconds += 10
    assert await conflict_of(store, Put("ws", "b", {}), Add("ws", "a", {"n": 5}, {"n": 4})) == 1
    assert await conflict_of(store, Add("ws", "a", {"n": 5}, {"n": 4})) == 0
    assert await store.get("ws", "b") is None


async def test_an_expired_item_gives_way_to_a_counter(store: Store, clock: Clock) -> None:
    await store.transact([Put("ws", "a", {"n": "text"}, expires_at=int(clock()) + 10)])
    assert await conflict_of(store, Add("ws", "a", {"n": 1})) == 0
    clock.seconds += 10
    assert await store.transact([Add("ws", "a", {"n": 1})]) == [{"n": 1}]
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 1}, 1)


async def test_a_counter_keeps_the_expiry_that_it_has(store: Store, clock: Clock) -> None:
    due = int(clock()) + 10
    await store.transact([Add("ws", "a", {"n": 1})])
    await store.transact([Add("ws", "a", {"n": 1}, expires_at=due)])
    await store.transact([Add("ws", "a", {"n": 1}, expires_at=due + 99)])
    await store.transact([Add("ws", "a", {"n": 1})])
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 4}, 4, due)


async def test_many_adds_at_once_are_all_counted_up_to_the_ceiling(store: Store, clock: Clock) -> None:
    await store.transact([Add("ws", "a", {"n": 40}, expires_at=int(clock()) + 10)])
    clock.seconds += 10

    async def add() -> int:
        try:
            [after] = await store.transact([Add("ws", "a", {"n": 1}, {"n": 20})])
        except Conflict:
            return 0
        return after["n"]

    told = await asyncio.gather(*(add() for _ in range(25)))
    assert sorted(told) == [0] * 5 + list(range(1, 21))
