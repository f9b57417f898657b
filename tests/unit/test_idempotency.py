"""Claims: one holder at a time, one answer for a day, and what becomes of both where the store fails."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.errors import BOUNDS, AppError
from promptstudio.idempotency import KEPT_S, LEASE_S, Claim, Held, keep, release, take, to_claim
from promptstudio.storage.port import ITEM_BYTES, Unavailable, encode
from promptstudio.storage.sqlite import SqliteStore
from tests.unit.storage.faulty import DOWN, LOST, FaultyStore

PATH = "/v1/prompts/greet/run"
BODY = b'{"variables":{}}'
SKEW_S = 60


class Clock:
    now = 1_800_000_000.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[FaultyStore]:
    store = FaultyStore(SqliteStore(tmp_path / "store.db", now=clock))
    yield store
    await store.close()


def claim_of(
    run: str, key: bytes = b"key", body: bytes = BODY, caller: str = "ada", path: str = PATH
) -> Claim:
    return to_claim(caller, path, key, body, run)


async def held(store: FaultyStore, clock: Clock, claim: Claim) -> Held:
    taken = await take(store, "ws", claim, clock())
    assert isinstance(taken, Held)
    return taken


async def outcome(store: FaultyStore, clock: Clock, claim: Claim) -> str | bytes:
    """What becomes of a claim: `ours`, the kept answer, or the problem it is refused with."""
    try:
        taken = await take(store, "ws", claim, clock())
    except AppError as error:
        return error.problem
    return "ours" if isinstance(taken, Held) else taken


async def test_the_second_is_told_that_the_first_is_running(store: FaultyStore, clock: Clock) -> None:
    await held(store, clock, claim_of("one"))
    with pytest.raises(AppError) as refused:
        await take(store, "ws", claim_of("two"), clock())
    assert (refused.value.problem, refused.value.status) == ("idempotency_running", 409)
    assert refused.value.retry_after == 1


@pytest.mark.parametrize("answer", [b"{}", b"", b'\xff\x00"\\', "é漢\U0001f600".encode()])
async def test_an_answer_that_is_kept_is_given_for_a_day(
    store: FaultyStore, clock: Clock, answer: bytes
) -> None:
    await keep(store, await held(store, clock, claim_of("one")), answer, clock())
    assert await outcome(store, clock, claim_of("two")) == answer
    clock.now += KEPT_S - 1
    assert await outcome(store, clock, claim_of("two")) == answer
    clock.now += 1
    assert await outcome(store, clock, claim_of("two")) == "ours"


async def test_another_body_is_refused_whether_the_first_is_running_or_not(
    store: FaultyStore, clock: Clock
) -> None:
    mine = await held(store, clock, claim_of("one"))
    other = claim_of("two", body=BODY + b" ")
    assert await outcome(store, clock, other) == "idempotency_mismatch"
    await keep(store, mine, b"{}", clock())
    assert await outcome(store, clock, other) == "idempotency_mismatch"


async def test_a_claim_that_is_released_is_free_for_any_body(store: FaultyStore, clock: Clock) -> None:
    await release(store, await held(store, clock, claim_of("one")), clock())
    assert await outcome(store, clock, claim_of("two", body=b"{}")) == "ours"


async def test_callers_paths_and_keys_have_claims_of_their_own(store: FaultyStore, clock: Clock) -> None:
    claims = [
        claim_of("1"),
        claim_of("2", caller="bob"),
        claim_of("3", path="/v1/responses"),
        claim_of("4", key=b"Key"),
        claim_of("5", caller='ada","', path=""),
        claim_of("6", caller="ada", path=f'","{PATH}'),
    ]
    assert [await outcome(store, clock, claim) for claim in claims] == ["ours"] * len(claims)
    elsewhere = await take(store, "other", claim_of("7"), clock())
    assert isinstance(elsewhere, Held)


async def test_of_many_at_once_one_holds_the_claim(store: FaultyStore, clock: Clock) -> None:
    found = await asyncio.gather(*(outcome(store, clock, claim_of(f"run {n}")) for n in range(50)))
    assert sorted(found) == ["idempotency_running"] * 49 + ["ours"]


async def test_a_holder_that_died_leaves_the_claim_to_the_next_when_its_lease_ends(
    store: FaultyStore, clock: Clock
) -> None:
    await held(store, clock, claim_of("dead"))
    clock.now += LEASE_S - 1
    assert await outcome(store, clock, claim_of("two")) == "idempotency_running"
    clock.now += 1
    assert await outcome(store, clock, claim_of("two")) == "ours"


async def test_who_has_lost_the_lease_changes_nothing(store: FaultyStore, clock: Clock) -> None:
    late = await held(store, clock, claim_of("late"))
    clock.now += LEASE_S
    mine = await held(store, clock, claim_of("mine"))
    await release(store, late, clock())
    assert await outcome(store, clock, claim_of("x")) == "idempotency_running"
    await keep(store, late, b"late", clock())
    assert await outcome(store, clock, claim_of("x")) == "idempotency_running"
    await keep(store, mine, b"mine", clock())
    assert await outcome(store, clock, claim_of("x")) == b"mine"


async def test_a_holder_whose_clock_is_far_behind_does_not_replace_a_kept_answer(
    store: FaultyStore, clock: Clock, tmp_path: Path
) -> None:
    late = await held(store, clock, claim_of("late"))
    ahead = Clock()
    ahead.now += LEASE_S
    other = FaultyStore(SqliteStore(tmp_path / "store.db", now=ahead))
    await keep(other, await held(other, ahead, claim_of("ahead")), b"ahead", ahead())
    await keep(store, late, b"late", clock())
    await release(store, late, clock())
    assert await outcome(other, ahead, claim_of("x")) == b"ahead"
    await other.close()


@pytest.mark.parametrize(("left_s", "counts"), [(SKEW_S + 1, True), (SKEW_S - 1, False)])
async def test_a_lease_counts_as_lost_before_clocks_can_disagree_on_it(
    store: FaultyStore, clock: Clock, left_s: int, counts: bool
) -> None:
    mine = await held(store, clock, claim_of("one"))
    clock.now += LEASE_S - left_s
    store.calls.clear()
    await keep(store, mine, b"{}", clock())
    assert bool(store.calls) == counts
    store.calls.clear()
    await release(store, mine, clock())
    assert bool(store.calls) == counts


async def test_a_kept_answer_is_not_released(store: FaultyStore, clock: Clock) -> None:
    mine = await held(store, clock, claim_of("one"))
    await keep(store, mine, b"{}", clock())
    await release(store, mine, clock())
    assert await outcome(store, clock, claim_of("two")) == b"{}"


async def test_a_claim_whose_response_was_lost_is_ours(store: FaultyStore, clock: Clock) -> None:
    store.faults = [LOST]
    mine = await held(store, clock, claim_of("one"))
    await keep(store, mine, b"{}", clock())
    assert await outcome(store, clock, claim_of("two")) == b"{}"


async def test_a_claim_that_was_not_written_is_written_at_the_second_try(
    store: FaultyStore, clock: Clock
) -> None:
    store.faults = [DOWN]
    await held(store, clock, claim_of("one"))
    assert await outcome(store, clock, claim_of("two")) == "idempotency_running"


async def test_a_claim_whose_response_was_lost_is_not_taken_for_somebody_elses(
    store: FaultyStore, clock: Clock
) -> None:
    await held(store, clock, claim_of("first"))
    store.faults = [LOST]
    assert await outcome(store, clock, claim_of("second")) == "idempotency_running"


async def test_a_store_that_does_not_answer_grants_no_claim(store: FaultyStore, clock: Clock) -> None:
    store.down = True
    with pytest.raises(Unavailable) as refused:
        await take(store, "ws", claim_of("one"), clock())
    assert (refused.value.code, refused.value.status, refused.value.retry_after) == ("unavailable", 503, 1)


async def test_a_store_that_takes_no_writes_grants_no_claim(store: FaultyStore, clock: Clock) -> None:
    store.faults = [DOWN, None] * 3
    assert await outcome(store, clock, claim_of("one")) == "store_unavailable"


@pytest.mark.parametrize("fault", [DOWN, LOST])
async def test_an_answer_is_kept_at_the_second_try(store: FaultyStore, clock: Clock, fault: str) -> None:
    mine = await held(store, clock, claim_of("one"))
    store.faults = [fault]
    await keep(store, mine, b"{}", clock())
    assert await outcome(store, clock, claim_of("two")) == b"{}"


async def test_who_keeps_or_releases_is_told_that_the_store_does_not_answer(
    store: FaultyStore, clock: Clock
) -> None:
    mine = await held(store, clock, claim_of("one"))
    store.down = True
    with pytest.raises(Unavailable):
        await keep(store, mine, b"{}", clock())
    with pytest.raises(Unavailable):
        await release(store, mine, clock())


async def test_a_release_that_is_repeated_spares_the_next_holder(store: FaultyStore, clock: Clock) -> None:
    """Its versions begin at 1 again: by them alone, the second try would delete the next one's claim."""
    mine = await held(store, clock, claim_of("one"))
    await release(store, mine, clock())
    await held(store, clock, claim_of("two"))
    await release(store, mine, clock())
    assert await outcome(store, clock, claim_of("three")) == "idempotency_running"


@pytest.mark.parametrize("worst", [b"\\", b'"', b"\x00", b"\xff", b"a"])
async def test_the_longest_answer_fits_an_item_whatever_is_in_it(
    store: FaultyStore, clock: Clock, worst: bytes
) -> None:
    answer = worst * BOUNDS["kept_answer_bytes"]
    mine = await held(store, clock, claim_of("one"))
    await keep(store, mine, answer, clock())
    assert await outcome(store, clock, claim_of("two")) == answer
    found = await store.get(mine.pk, "claim")
    assert found is not None
    assert len(encode(found.data)) < ITEM_BYTES


async def test_nothing_of_the_request_is_stored_before_its_answer(store: FaultyStore, clock: Clock) -> None:
    mine = await held(store, clock, claim_of("one", key=b"secret key", body=b'"secret body"'))
    found = await store.get(mine.pk, "claim")
    assert found is not None
    assert "secret" not in f"{found}"
    assert found.expires_at == int(clock()) + LEASE_S


@pytest.mark.parametrize("key", [b"k", b" ", b"~", b"k" * 255, bytes(range(0x20, 0x7F))])
def test_a_key_is_printable_ascii(key: bytes) -> None:
    assert claim_of("one", key=key).run == "one"


@pytest.mark.parametrize("key", [b"", b"k" * 256, b"\x1f", b"\x7f", b"k\n", "ключ".encode(), b"\xa0", b"a\0"])
def test_any_other_key_is_refused(key: bytes) -> None:
    with pytest.raises(AppError) as refused:
        claim_of("one", key=key)
    assert (refused.value.problem, refused.value.status) == ("idempotency_key_invalid", 400)
    assert "1 to 255 characters" in refused.value.detail


@given(st.binary(), st.binary())
def test_two_bodies_are_one_only_if_their_bytes_are(left: bytes, right: bytes) -> None:
    same = claim_of("one", body=left) == claim_of("one", body=right)
    assert same == (left == right)
    assert claim_of("one", body=left) == replace(claim_of("two", body=left), run="one")
