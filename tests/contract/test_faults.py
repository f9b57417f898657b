"""Networks and engines that fail: a write has one effect or none, and the caller is told what may be."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from typing import Final

import pytest

from promptstudio.storage.port import ABSENT, Add, Item, Put, Store, Unavailable, Write
from promptstudio.storage.retry import ATTEMPTS, Retry, wait_s
from tests.contract.conftest import NETWORKED, Engines, Sleeps
from tests.contract.engines import Address, Clock, Engine, Space, Way
from tests.contract.engines.process import free_port
from tests.contract.engines.proxy import (
    CUT,
    CUT_IN_THE_BODY,
    DROPPED,
    LOST,
    LOST_BY_RESET,
    RESET,
    SILENT,
    SWALLOWED,
    Fault,
    Proxy,
    answers,
)

TRANSACTION: Final[list[Write]] = [
    Put("ws", "a", {"n": 1}, expect=ABSENT),
    Add("ws", "count", {"n": 1}, {"n": 1}),
]
BROKEN: Final = {
    "lost": LOST,
    "lost by reset": LOST_BY_RESET,
    "cut": CUT,
    "cut in the body": CUT_IN_THE_BODY,
    "dropped": DROPPED,
    "reset": RESET,
    "garbage after it was done": answers(200, "<html>", reaches=True),
    "garbage": answers(200, "<html>"),
    "nothing": answers(200, ""),
    "server error after it was done": answers(500, '{"error": "oops"}', reaches=True),
    "server error": answers(502, "<html>Bad Gateway"),
    "unavailable": answers(503, "{}"),
}
NO_ANSWER: Final = {"silent": SILENT, "swallowed": SWALLOWED}


def dynamodb_error(code: str, **more: object) -> Fault:
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", **more})
    return answers(400, body, kind="application/x-amz-json-1.0")


def cancelled(*codes: str) -> Fault:
    return dynamodb_error(
        "TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes]
    )


BUSY: Final = {
    "upstash": [answers(429, '{"error": "ERR max concurrent requests exceeded"}'), answers(429, "slow down")],
    "dynamodb": [
        dynamodb_error("ThrottlingException"),
        dynamodb_error("ProvisionedThroughputExceededException"),
        dynamodb_error("RequestLimitExceeded"),
        dynamodb_error("TransactionConflictException"),
        cancelled("None", "TransactionConflict", "None"),
        cancelled("ThrottlingError", "None"),
    ],
}
FORBIDDEN: Final = {
    "upstash": answers(401, '{"error": "WRONGPASS invalid or missing auth token"}'),
    "dynamodb": dynamodb_error("AccessDeniedException", message="not you"),
}


@pytest.fixture(params=NETWORKED)
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(engine_name: str, engines: Engines) -> Engine:
    return engines[engine_name]


@pytest.fixture
def protocol(engine_name: str) -> str:
    return "upstash" if engine_name == "upstash" else "dynamodb"


@pytest.fixture
async def hasty(space: Space, clock: Clock, proxy: Proxy, sleeps: Sleeps) -> AsyncIterator[Store]:
    """The same, but it soon gives up waiting for an answer."""
    retry = Retry(sleeps, lambda: 0.5)
    store = space.open(now=clock, retry=retry, via=Way(proxy.address, answer_s=0.5))
    yield store
    await store.close()


async def is_done(store: Store) -> bool:
    """Whether the transaction was done; it was, whole, or left no trace."""
    put, count = await store.get("ws", "a"), await store.get("ws", "count")
    assert (put is None) == (count is None)
    if put is not None:
        assert (put, count) == (Item("ws", "a", {"n": 1}, 1), Item("ws", "count", {"n": 1}, 1))
    return put is not None


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
async def test_an_operation_whose_answer_is_lost_has_one_effect(
    distant: Store, store: Store, proxy: Proxy, fault: Fault
) -> None:
    """security.md (c) 8: it was written, the answer is lost; asked again, it is the same."""
    proxy.faults.extend([fault, fault])
    assert await distant.transact(TRANSACTION, operation="op") == [{"n": 1}]
    assert await is_done(store)


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
async def test_a_write_without_an_operation_is_not_asked_twice(
    distant: Store, store: Store, proxy: Proxy, fault: Fault
) -> None:
    proxy.faults.append(fault)
    with pytest.raises(Unavailable) as caught:
        await distant.transact(TRANSACTION)
    assert caught.value.status == 503
    assert proxy.requests == 1
    assert await is_done(store) == fault.reaches


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
async def test_reads_are_asked_again(distant: Store, store: Store, proxy: Proxy, fault: Fault) -> None:
    await store.transact([Put("ws", "a", {"n": 1})])
    proxy.faults.extend([fault, fault])
    assert await distant.get("ws", "a") == Item("ws", "a", {"n": 1}, 1)
    proxy.faults.append(fault)
    assert len((await distant.query("ws")).items) == 1


@pytest.mark.parametrize("fault", NO_ANSWER.values(), ids=NO_ANSWER)
async def test_no_answer_is_waited_for_in_vain(
    hasty: Store, store: Store, proxy: Proxy, fault: Fault
) -> None:
    proxy.faults.append(fault)
    assert await hasty.get("ws", "a") is None
    proxy.faults.append(fault)
    assert await hasty.transact(TRANSACTION, operation="op") == [{"n": 1}]
    assert await is_done(store)
    proxy.faults.append(fault)
    with pytest.raises(Unavailable):
        await hasty.transact([Put("ws", "b", {})])
    assert (await store.get("ws", "b") is not None) == fault.reaches


async def test_an_operation_may_be_repeated_long_after_its_answers_were_lost(
    distant: Store, store: Store, proxy: Proxy, clock: Clock, sleeps: Sleeps
) -> None:
    """security.md (c) 8: DynamoDB's own request tokens are forgotten after ten minutes."""
    proxy.faults.extend([LOST] * ATTEMPTS)
    with pytest.raises(Unavailable):
        await distant.transact(TRANSACTION, operation="op")
    assert await is_done(store)
    for minutes in (10, 20, 23 * 60):
        clock.seconds += minutes * 60
        assert await distant.transact(TRANSACTION, operation="op") == [{"n": 1}]
        assert await is_done(store)


async def test_a_burst_of_refusals_is_waited_out(
    distant: Store, store: Store, proxy: Proxy, protocol: str, sleeps: Sleeps
) -> None:
    """security.md (c) 9: conflicts and throttling are retried, with jitter."""
    for fault in BUSY[protocol]:
        proxy.faults.extend([fault] * (ATTEMPTS - 1))
        sleeps.taken.clear()
        assert await distant.transact([Add("ws", "n", {"n": 1})]) != []
        assert sleeps.taken == [wait_s(attempt, 0.5) for attempt in range(1, ATTEMPTS)]
    found = await store.get("ws", "n")
    assert found is not None
    assert found.data == {"n": len(BUSY[protocol])}


async def test_a_longer_burst_is_unavailable_and_nothing_is_written(
    distant: Store, store: Store, proxy: Proxy, protocol: str
) -> None:
    """security.md (c) 9: and no longer than a while; it is never partial."""
    for fault in BUSY[protocol]:
        proxy.faults.extend([fault] * ATTEMPTS)
        proxy.requests = 0
        with pytest.raises(Unavailable) as caught:
            await distant.transact(TRANSACTION, operation="op")
        assert caught.value.status == 503
        assert proxy.requests == ATTEMPTS
        assert not await is_done(store)


async def test_whom_the_engine_does_not_know_it_is_not_asked_again(
    distant: Store, store: Store, proxy: Proxy, protocol: str
) -> None:
    proxy.faults.append(FORBIDDEN[protocol])
    with pytest.raises(Unavailable):
        await distant.transact(TRANSACTION, operation="op")
    assert proxy.requests == 1
    assert not await is_done(store)


async def test_an_engine_that_is_not_there_is_unavailable(space: Space, clock: Clock, sleeps: Sleeps) -> None:
    nowhere = Way(Address("127.0.0.1", free_port()))
    store = space.open(now=clock, retry=Retry(sleeps, lambda: 0.5), via=nowhere)
    with pytest.raises(Unavailable):
        await store.transact(TRANSACTION)
    assert len(sleeps.taken) == ATTEMPTS - 1  # it was not reached: that may be tried again
    with pytest.raises(Unavailable):
        await store.get("ws", "a")
    await store.close()


async def test_a_store_that_is_closed_is_unavailable(space: Space, clock: Clock) -> None:
    store = space.open(now=clock)
    await store.close()
    with pytest.raises(Unavailable):
        await store.transact(TRANSACTION)


async def test_writers_on_a_bad_network_count_each_operation_once(
    distant: Store, store: Store, proxy: Proxy
) -> None:
    chance = random.Random(7)
    faults = [chance.choice([*BROKEN.values(), None, None, None]) for _ in range(200)]
    proxy.faults.extend(fault or Fault(True, lambda answer: answer, "keep") for fault in faults)

    async def write(number: int) -> None:
        add = Add("ws", f"count {number % 3}", {"n": 1})
        for _ in range(10):
            try:
                await distant.transact([add, Put("ws", f"{number:03}", {})], operation=f"op {number}")
            except Unavailable:
                continue
            return

    for start in range(0, 60, 6):
        await asyncio.gather(*(write(start + number) for number in range(6)))
    counts = await store.query("ws", "count")
    assert [item.data for item in counts.items] == [{"n": 20}] * 3
    assert {item.version for item in (await store.query("ws")).items[:60]} == {1}
