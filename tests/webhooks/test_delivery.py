"""Events on their way from a change to receivers that take them, or do not."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from promptstudio.outbound import Guard
from promptstudio.queues.port import Message
from promptstudio.storage.port import ABSENT, Conflict, Page, Put
from promptstudio.storage.sqlite import SqliteStore
from promptstudio.webhooks.delivery import LEASE_S, deliver
from promptstudio.webhooks.outbox import DELIVERY_TASK, outbox_put, tasks
from promptstudio.webhooks.records import ENDPOINTS_MAX, DisabledFor, State
from promptstudio.webhooks.signing import is_genuine, new_secret
from promptstudio.webhooks.transitions import FAILING_S, JITTER, WAITS_S
from promptstudio_functions.workers import Worker, webhook_handlers
from tests.people import Clock
from tests.webhooks.ground import WORKSPACE, Ground, add_endpoint, deliveries, ground_on
from tests.webhooks.receiver import CUT_BODY, HANG, HANG_BODY, RESET, receiving


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    clock = Clock()
    store = SqliteStore(tmp_path / "store.sqlite", now=clock)
    made = ground_on(store, clock)
    yield made
    await made.service.sender.close()
    await store.close()


async def test_an_event_reaches_who_wants_it_signed_and_once(ground: Ground) -> None:
    async with receiving() as receiver:
        wants = await ground.endpoint(1, f"{receiver.url}/all")
        other = await ground.endpoint(2, f"{receiver.url}/other", ("label.moved",))
        await ground.tell()
        await ground.work()
        await ground.work(LEASE_S + 1)
    (call,) = receiver.calls
    assert call.path == "/all"
    assert json.loads(call.body) == {
        "type": "prompt.published",
        "timestamp": "2027-01-15T08:00:00.000Z",
        "data": {"name": "greet"},
    }
    assert is_genuine(ground.secret, call.headers, call.body, 1_800_000_000)
    delivered = await ground.one(wants)
    assert (delivered.state, delivered.event) == (State.delivered, call.headers["webhook-id"])
    assert await deliveries(ground.store, other) == []
    assert await tasks(ground.store).ready(ground.clock() + 1e9, 10) == []


async def test_of_more_endpoints_than_there_may_be_the_first_are_told(
    ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    async with receiving() as receiver:
        for number in range(10, 30):
            await ground.endpoint(number, f"{receiver.url}/{number}")
        await ground.tell()
        await ground.work()
        await ground.work(LEASE_S + 1)
    told = sorted(call.path for call in receiver.calls)
    assert told == [f"/{number}" for number in range(10, 10 + ENDPOINTS_MAX)]
    assert f"has 20 endpoints: {ENDPOINTS_MAX} are told" in caplog.text
    assert await tasks(ground.store).ready(ground.clock() + 1e9, 10) == []


async def test_a_change_that_is_refused_tells_of_nothing(ground: Ground) -> None:
    endpoint = await ground.endpoint(1, "http://127.0.0.1:9999")
    await ground.store.transact([Put(WORKSPACE, "change", {})])
    event = outbox_put(ground.store, WORKSPACE, "label.moved", {}, ground.clock())
    with pytest.raises(Conflict):
        await ground.store.transact([Put(WORKSPACE, "change", {}, ABSENT), event])
    await ground.work()
    assert await deliveries(ground.store, endpoint) == []


@pytest.mark.parametrize("failure", [500, 302, 404, HANG, RESET])
async def test_a_failed_attempt_is_repeated_with_its_id_and_a_new_signature(
    ground: Ground, failure: int
) -> None:
    answers = [204, failure]
    async with receiving(lambda _: answers.pop()) as receiver:
        endpoint = await ground.endpoint(1, receiver.url)
        await ground.tell()
        await ground.work()
        assert (await ground.one(endpoint)).state == State.pending
        await ground.work(WAITS_S[0] - 0.1)
        assert len(receiver.calls) == 1
        await ground.work(WAITS_S[0] * JITTER + 0.2)
    first, second = (call.headers for call in receiver.calls)
    assert [call.path for call in receiver.calls] == ["/", "/"]  # no redirect was followed
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 5
    assert first["webhook-signature"] != second["webhook-signature"]
    assert is_genuine(ground.secret, second, receiver.calls[1].body, ground.clock())
    told = await ground.one(endpoint)
    assert (told.state, [each.status for each in told.attempts][1]) == (State.delivered, 204)
    assert (await ground.found(endpoint)).failing_since is None


@pytest.mark.parametrize("answer", [HANG_BODY, CUT_BODY])
async def test_a_2xx_is_one_whatever_becomes_of_its_body(ground: Ground, answer: int) -> None:
    async with receiving(lambda _: answer) as receiver:
        endpoint = await ground.endpoint(1, receiver.url)
        await ground.tell()
        await ground.work()
    told = await ground.one(endpoint)
    assert (told.state, told.attempts[0].status, told.attempts[0].error) == (State.delivered, 200, None)


async def test_what_fails_ten_times_is_a_dead_letter(ground: Ground) -> None:
    async with receiving(lambda _: 503) as receiver:
        endpoint = await ground.endpoint(1, receiver.url)
        await ground.tell()
        await ground.work()
        for wait in WAITS_S:
            await ground.work(wait * (1 + JITTER))
        await ground.work(1e6)
    assert len(receiver.calls) == 10
    assert await ground.one(endpoint, dead=True) == await ground.one(endpoint)
    assert (await ground.one(endpoint)).state == State.dead


async def test_a_410_disables_its_endpoint_and_the_others_are_told(ground: Ground) -> None:
    async with receiving(lambda path: 410 if path == "/gone" else 204) as receiver:
        gone = await ground.endpoint(1, f"{receiver.url}/gone")
        await ground.endpoint(2, f"{receiver.url}/kept", ("webhook.disabled",))
        await ground.tell()
        await ground.work()
        await ground.tell()
        await ground.work(1e6)
    assert (await ground.found(gone)).disabled == DisabledFor.gone
    assert (await ground.one(gone, dead=True)).attempts[-1].status == 410
    assert [call.path for call in receiver.calls] == ["/gone", "/kept"]
    told = json.loads(receiver.calls[1].body)
    assert told["type"] == "webhook.disabled"
    assert told["data"] == {"id": gone, "url": f"{receiver.url}/gone", "reason": "gone"}


async def test_an_endpoint_that_fails_for_five_days_is_disabled_with_all_that_waits_for_it(
    ground: Ground,
) -> None:
    async with receiving(lambda _: 500) as receiver:
        endpoint = await ground.endpoint(1, receiver.url)
        await ground.tell()
        await ground.work()
        ground.clock.now += FAILING_S
        await ground.tell()
        await ground.tell()
        await ground.work()
        await ground.work(10)
    assert (await ground.found(endpoint)).disabled == DisabledFor.failing
    assert {each.state for each in await deliveries(ground.store, endpoint)} == {State.dead}
    assert len(await deliveries(ground.store, endpoint, dead=True)) == 3


async def test_no_receiver_is_called_where_the_guard_does_not_lead(ground: Ground) -> None:
    strict = ground_on(ground.store, ground.clock, Guard())
    async with receiving() as receiver:
        endpoint = await ground.endpoint(1, receiver.url)
        await strict.tell()
        await strict.work()
    assert receiver.calls == []
    assert "cannot be called" in str((await ground.one(endpoint)).attempts[0].error)
    await strict.service.sender.close()


async def test_what_the_guard_refuses_is_told_before_any_connection(ground: Ground) -> None:
    endpoint = await ground.endpoint(1, "http://127.0.0.1:6000/")
    await ground.tell()
    await ground.work()
    assert "port 6000 is not for HTTP" in str((await ground.one(endpoint)).attempts[0].error)


async def test_while_a_secret_is_replaced_both_sign(ground: Ground) -> None:
    old, new = new_secret(), new_secret()
    async with receiving() as receiver:
        await add_endpoint(ground.store, 1, receiver.url, new, old)
        await ground.tell()
        await ground.work()
    (call,) = receiver.calls
    assert is_genuine(old, call.headers, call.body, ground.clock())
    assert is_genuine(new, call.headers, call.body, ground.clock())


async def test_duplicated_and_reordered_messages_make_one_request(ground: Ground) -> None:
    async with receiving() as receiver:
        endpoint = await ground.endpoint(1, receiver.url)
        await ground.tell()
        (event,) = await tasks(ground.store).ready(ground.clock(), 10)
        message = Message("msg_1", {"pk": event.pk, "sk": event.sk}, "sys#x x 1", 1)
        await asyncio.gather(*(ground.worker.handle(message) for _ in range(5)))
        (due,) = await tasks(ground.store).ready(ground.clock(), 10)
        assert due.data["task"] == DELIVERY_TASK
        await asyncio.gather(*(deliver(ground.service, due) for _ in range(5)))
        await ground.worker.handle(message)
    assert len(receiver.calls) == 1
    assert (await ground.one(endpoint)).tries == 1


@pytest.mark.parametrize("skew", [-600, 600])
async def test_workers_whose_clocks_differ_by_ten_minutes_lose_nothing(ground: Ground, skew: int) -> None:
    other = ground_on(ground.store, Clock(ground.clock() + skew))
    async with receiving() as receiver:
        endpoint = await ground.endpoint(1, receiver.url)
        await ground.tell()
        await other.tell()
        await asyncio.gather(ground.work(), other.work())
        await asyncio.gather(ground.work(1200), other.work(1200))
    assert [each.state for each in await deliveries(ground.store, endpoint)] == [State.delivered] * 2
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 2
    await other.service.sender.close()


async def test_an_attempt_that_died_is_made_again_behind_its_lease(ground: Ground) -> None:
    answers = [204, HANG]
    async with receiving(lambda _: answers.pop()) as receiver:
        endpoint = await ground.endpoint(1, receiver.url)
        await ground.tell()
        await ground.worker.step()
        await ground.worker.drain()
        (due,) = await tasks(ground.store).ready(ground.clock(), 10)
        dying = asyncio.create_task(deliver(ground.service, due))
        await receiver.called.wait()
        dying.cancel()
        await asyncio.wait([dying])
        await ground.work(LEASE_S - 1)
        assert len(receiver.calls) == 1
        await ground.work(1)
    assert (await ground.one(endpoint)).state == State.delivered


async def test_a_worker_that_is_told_to_stop_lets_an_attempt_come_to_its_end(ground: Ground) -> None:
    stop = asyncio.Event()
    async with receiving(lambda _: HANG) as receiver:
        endpoint = await ground.endpoint(1, receiver.url)
        await ground.tell()
        running = asyncio.create_task(ground.worker.run(stop))
        await receiver.called.wait()
        stop.set()
        await running
    assert (await ground.one(endpoint)).attempts[0].error == "No answer in time."


async def test_a_worker_goes_on_after_an_error_that_nobody_expected(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    query, stop = ground.store.query, asyncio.Event()
    errors = [sqlite3.DatabaseError("database disk image is malformed")]

    async def broken_once(*given: Any, **named: Any) -> Page:
        if errors:
            raise errors.pop()
        return await query(*given, **named)

    monkeypatch.setattr(ground.store, "query", broken_once)
    async with receiving() as receiver:
        await ground.endpoint(1, receiver.url)
        await ground.tell()
        running = asyncio.create_task(ground.worker.run(stop))
        called = asyncio.create_task(receiver.called.wait())
        await asyncio.wait({running, called}, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        await running
        called.cancel()
    assert len(receiver.calls) == 1
    assert "disk image is malformed" in caplog.text


async def test_what_goes_on_for_too_long_at_the_end_is_cancelled_and_stays_due(ground: Ground) -> None:
    began, ended, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def endless(_: object) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    queue, clock = ground.worker._queue, ground.clock
    handlers = dict.fromkeys(webhook_handlers(ground.service), endless)
    await ground.tell()
    worker = Worker(ground.store, queue, handlers, clock, grace_s=0.01)
    running = asyncio.create_task(worker.run(stop))
    await began.wait()
    stop.set()
    await running
    assert ended.is_set()
    assert len(await tasks(ground.store).ready(clock() + LEASE_S, 10)) == 1


async def test_a_task_that_fails_by_a_mistake_of_ours_stays_and_the_worker_goes_on(
    ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: object) -> None:
        raise RuntimeError("a mistake")

    queue, clock = ground.worker._queue, ground.clock
    worker = Worker(ground.store, queue, dict.fromkeys(webhook_handlers(ground.service), broken), clock)
    await ground.tell()
    await worker.step()
    await worker.drain()
    assert "a mistake" in caplog.text
    assert len(await tasks(ground.store).ready(clock() + LEASE_S, 10)) == 1
