"""Limits: fixed windows, all counted or none, and what callers are told of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from promptstudio.limits import Caller, Count, Taken, policy, refusal, standing, take
from promptstudio.prompts.limit import Limit
from promptstudio.storage.port import Item, Put, Store
from promptstudio.storage.sqlite import SqliteStore

BEGUN = 1_800_000_000.0  # a minute and an hour begin here, and two thirds of the day are left
ADA = Caller("key-a", "ada")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "store.db", now=lambda: BEGUN)
    yield store
    await store.close()


class Runs:
    """Asks for one run after the other."""

    def __init__(self, store: Store) -> None:
        self.number = 0
        self.store = store

    async def take(
        self,
        *limits: Limit,
        caller: Caller = ADA,
        at: float = BEGUN,
        prompt: str = "greet",
        space: str = "ws",
    ) -> Taken:
        self.number += 1
        return await take(self.store, space, prompt, limits, caller, f"run {self.number}", at)

    async def admitted(self, *limits: Limit, caller: Caller = ADA, at: float = BEGUN) -> bool:
        return (await self.take(*limits, caller=caller, at=at)).admitted


@pytest.fixture
def runs(store: SqliteStore) -> Runs:
    return Runs(store)


def told(taken: Taken) -> Sequence[tuple[str, int, int]]:
    return [(count.limit.name, count.remaining, count.reset_s) for count in taken.counts]


async def test_as_many_runs_are_admitted_as_the_limit_says(runs: Runs) -> None:
    limit = Limit(3, "minute", "prompt")
    taken = [await runs.take(limit) for _ in range(5)]
    assert [each.admitted for each in taken] == [True, True, True, False, False]
    assert [each.counts[0].used for each in taken] == [1, 2, 3, 3, 3]
    assert [each.counts[0].remaining for each in taken] == [2, 1, 0, 0, 0]


@pytest.mark.parametrize(("per", "length"), [("second", 1), ("minute", 60), ("hour", 3600), ("day", 86400)])
async def test_the_next_window_begins_anew(runs: Runs, per: str, length: int) -> None:
    limit = Limit(1, per, "prompt")
    start = BEGUN // length * length
    assert [await runs.admitted(limit, at=start + at * length) for at in (0, 0.5, 0.999, 1, 1.5, 2)] == [
        True, False, False, True, False, True,
    ]  # fmt: skip


async def test_a_reset_is_in_whole_seconds_and_never_at_once(runs: Runs) -> None:
    limits = Limit(99, "second", "prompt"), Limit(99, "minute", "prompt"), Limit(99, "day", "prompt")
    for at, resets in (
        (0, [1, 60, 57600]),
        (0.25, [1, 60, 57600]),
        (59, [1, 1, 57541]),
        (59.9, [1, 1, 57541]),
    ):
        taken = await runs.take(*limits, at=BEGUN + at)
        assert [reset for _, _, reset in told(taken)] == resets


async def test_a_run_that_one_limit_refuses_is_counted_on_none(runs: Runs) -> None:
    limits = Limit(2, "minute", "key"), Limit(100, "day", "prompt")
    taken = [await runs.take(*limits) for _ in range(4)]
    assert [told(each) for each in taken] == [
        [("key-minute", 1, 60), ("prompt-day", 99, 57600)],
        [("key-minute", 0, 60), ("prompt-day", 98, 57600)],
        [("key-minute", 0, 60), ("prompt-day", 98, 57600)],
        [("key-minute", 0, 60), ("prompt-day", 98, 57600)],
    ]


async def test_a_limit_refuses_whatever_its_place(runs: Runs) -> None:
    limits = Limit(100, "day", "prompt"), Limit(1, "minute", "key")
    assert [await runs.admitted(*limits) for _ in range(2)] == [True, False]
    assert told(await runs.take(*limits)) == [("prompt-day", 99, 57600), ("key-minute", 0, 60)]


async def test_keys_and_users_are_counted_apart(runs: Runs) -> None:
    by_key, by_user, of_all = (Limit(1, "day", by) for by in ("key", "user", "prompt"))
    other_key, other_user = Caller("key-b", "ada"), Caller("key-a", "bob")
    assert await runs.admitted(by_key)
    assert await runs.admitted(by_user)
    assert await runs.admitted(of_all)
    assert await runs.admitted(by_key, caller=other_key)
    assert await runs.admitted(by_user, caller=other_user)
    assert not await runs.admitted(by_key, caller=other_user)
    assert not await runs.admitted(by_user, caller=other_key)
    assert not await runs.admitted(of_all, caller=Caller("key-c", "eve"))


async def test_runs_without_a_user_share_one_count(runs: Runs) -> None:
    limit = Limit(1, "day", "user")
    assert await runs.admitted(limit, caller=Caller("key-a"))
    assert not await runs.admitted(limit, caller=Caller("key-b"))
    assert await runs.admitted(limit, caller=Caller("key-a", ""))


@pytest.mark.parametrize("user", ["\0", "a" * 100_000, "#", "é", "\ud83d\ude00", "../x"])
async def test_a_user_may_have_any_name(runs: Runs, user: str) -> None:
    limit = Limit(1, "day", "user")
    caller = Caller("key-a", user.encode("utf-16", "surrogatepass").decode("utf-16"))
    assert [await runs.admitted(limit, caller=caller) for _ in range(2)] == [True, False]


async def test_prompts_and_spaces_are_counted_apart(runs: Runs) -> None:
    limit = Limit(1, "day", "prompt")
    assert (await runs.take(limit)).admitted
    assert (await runs.take(limit, prompt="other")).admitted
    assert (await runs.take(limit, space="other")).admitted
    assert not (await runs.take(limit)).admitted


async def test_a_limit_that_was_lowered_leaves_nothing(runs: Runs) -> None:
    for _ in range(3):
        await runs.take(Limit(10, "day", "prompt"))
    taken = await runs.take(Limit(2, "day", "prompt"))
    assert (taken.admitted, taken.counts[0].used, taken.counts[0].remaining) == (False, 3, 0)


@pytest.mark.parametrize("others", [[], [Limit(100, "hour", "key")]])
async def test_no_more_runs_at_once_are_admitted_than_one_after_the_other(
    runs: Runs, others: list[Limit]
) -> None:
    limit = Limit(7, "day", "prompt")
    taken = await asyncio.gather(*(runs.take(limit, *others) for _ in range(30)))
    assert sum(each.admitted for each in taken) == 7
    for each in taken:
        if not each.admitted:
            assert each.counts[0].remaining == 0


@pytest.mark.parametrize("others", [[], [Limit(100, "hour", "key")]])
async def test_counters_outlive_their_window_by_an_hour(store: SqliteStore, others: list[Limit]) -> None:
    await take(store, "ws", "greet", [Limit(5, "minute", "key"), *others], ADA, "run", BEGUN + 30)
    pk = "ws#limits#greet#key-minute#key-a"
    assert await store.get(pk, "30000000") == Item(pk, "30000000", {"runs": 1}, 1, int(BEGUN) + 60 + 3600)


async def test_a_counter_that_refuses_and_is_gone_is_full_all_the_same(store: SqliteStore) -> None:
    """An Add is refused where somebody has put something else; that it is no count does not matter."""
    await store.transact([Put("ws#limits#greet#prompt-day#", "20833", {"runs": 0})])
    taken = await take(store, "ws", "greet", [Limit(5, "day", "prompt")], ADA, "run", BEGUN)
    assert (taken.admitted, taken.counts[0].remaining) == (False, 0)


async def test_a_run_that_is_asked_for_twice_is_counted_once(store: SqliteStore) -> None:
    limits = [Limit(5, "day", "prompt"), Limit(5, "day", "key")]
    for _ in range(2):
        taken = await take(store, "ws", "greet", limits, ADA, "one", BEGUN)
        assert (taken.admitted, [count.used for count in taken.counts]) == (True, [1, 1])


def test_headers_tell_the_policies_and_where_a_run_stands() -> None:
    limits = Limit(60, "minute", "key"), Limit(10000, "day", "prompt")
    assert policy(limits) == '"key-minute";q=60;w=60, "prompt-day";q=10000;w=86400'
    counts = Count(limits[0], 1, 42), Count(limits[1], 10001, 3600)
    assert standing(counts) == '"key-minute";r=59;t=42, "prompt-day";r=0;t=3600'


@pytest.mark.parametrize(
    ("counts", "detail"),
    [
        (
            [Count(Limit(5, "minute", "key"), 5, 42), Count(Limit(9, "day", "user"), 8, 3600)],
            "No more than 5 runs per minute are let through for this API key. Try again in 42 seconds.",
        ),
        (
            [Count(Limit(5, "minute", "key"), 5, 42), Count(Limit(9, "day", "user"), 9, 3600)],
            "No more than 9 runs per day are let through for this user. Try again in 3600 seconds.",
        ),
        (
            [Count(Limit(5, "hour", "prompt"), 5, 42), Count(Limit(1, "minute", "user"), 1, 42)],
            "No more than 5 runs per hour are let through for this prompt. Try again in 42 seconds.",
        ),
    ],
)
def test_a_refusal_names_the_limit_with_the_longest_wait(counts: list[Count], detail: str) -> None:
    error = refusal(counts)
    assert (error.code, error.status, error.detail) == ("rate_limited", 429, detail)
    assert error.retry_after == max(count.reset_s for count in counts if not count.remaining)
