"""The queue port, which every engine of queues keeps. The local one stands on every engine of the store."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from promptstudio.queues.local import LocalQueue
from promptstudio.queues.port import DELAY_MAX_S, RECEIVED_MAX, Message, Queue
from promptstudio.storage.port import Store, Write
from promptstudio.storage.sqlite import SqliteStore
from tests.contract.engines import Clock

VISIBILITY_S = 60.0
RECEIVES = 3
PROCESSES, MESSAGES = 4, 200


@pytest.fixture
def queue(store: Store, clock: Clock) -> Queue:
    return LocalQueue(store, "jobs", clock, visibility_s=VISIBILITY_S, receives=RECEIVES)


async def one(queue: Queue) -> Message:
    (message,) = await queue.receive()
    return message


async def test_a_message_is_received_as_it_was_sent(queue: Queue) -> None:
    sent = await queue.send({"kind": "event", "of": {"id": "evt_1", "n": [1, None]}})
    message = await one(queue)
    assert (message.id, message.received) == (sent, 1)
    assert message.body == {"kind": "event", "of": {"id": "evt_1", "n": [1, None]}}


async def test_a_message_is_hidden_once_it_is_received_and_comes_again_where_nobody_deletes_it(
    queue: Queue, clock: Clock
) -> None:
    sent = await queue.send({})
    await one(queue)
    clock.seconds += VISIBILITY_S - 0.1
    assert await queue.receive() == []
    clock.seconds += 0.1
    again = await one(queue)
    assert (again.id, again.received) == (sent, 2)


async def test_a_message_that_is_deleted_never_comes_again(queue: Queue, clock: Clock) -> None:
    await queue.send({})
    await queue.delete(await one(queue))
    clock.seconds += 10 * VISIBILITY_S
    assert await queue.receive() == []
    assert await queue.dead_letters() == []


async def test_a_message_with_a_delay_is_hidden_for_that_long(queue: Queue, clock: Clock) -> None:
    await queue.send({}, delay_s=DELAY_MAX_S)
    clock.seconds += DELAY_MAX_S - 0.1
    assert await queue.receive() == []
    clock.seconds += 0.1
    await one(queue)


@pytest.mark.parametrize("delay_s", [-0.1, DELAY_MAX_S + 1, float("nan")])
async def test_a_delay_that_some_engine_lacks_is_refused(queue: Queue, delay_s: float) -> None:
    with pytest.raises(ValueError, match="delay"):
        await queue.send({}, delay_s=delay_s)


@pytest.mark.parametrize("limit", [0, RECEIVED_MAX + 1])
async def test_no_more_is_received_at_a_time_than_every_engine_gives(queue: Queue, limit: int) -> None:
    with pytest.raises(ValueError, match="at a time"):
        await queue.receive(limit)


async def test_an_extended_message_stays_hidden_and_its_new_receipt_holds(queue: Queue, clock: Clock) -> None:
    await queue.send({})
    message = await one(queue)
    clock.seconds += VISIBILITY_S - 1
    extended = await queue.extend(message, VISIBILITY_S)
    assert extended is not None
    clock.seconds += VISIBILITY_S - 1
    assert await queue.receive() == []
    await queue.delete(extended)
    clock.seconds += VISIBILITY_S
    assert await queue.receive() == []


async def test_a_message_may_be_given_back_at_once(queue: Queue) -> None:
    sent = await queue.send({})
    await queue.extend(await one(queue), 0)
    assert (await one(queue)).id == sent


async def test_who_is_too_late_neither_extends_nor_deletes_what_another_one_handles(
    queue: Queue, clock: Clock
) -> None:
    await queue.send({})
    late = await one(queue)
    clock.seconds += VISIBILITY_S
    current = await one(queue)
    assert await queue.extend(late, 1000) is None
    await queue.delete(late)
    clock.seconds += VISIBILITY_S
    assert (await one(queue)).id == current.id


async def test_a_message_that_was_received_too_often_is_a_dead_letter(queue: Queue, clock: Clock) -> None:
    sent = await queue.send({"poison": True})
    for _ in range(RECEIVES):
        await one(queue)
        assert await queue.dead_letters() == []
        clock.seconds += VISIBILITY_S
    assert await queue.receive() == []
    (letter,) = await queue.dead_letters()
    assert (letter.id, letter.body, letter.received) == (sent, {"poison": True}, RECEIVES)
    clock.seconds += 100 * VISIBILITY_S
    assert await queue.receive() == []


async def test_many_that_receive_at_once_get_each_message_once(queue: Queue) -> None:
    sent = {await queue.send({"n": n}) for n in range(20)}
    taken = Counter[str]()
    while batches := [got for got in await asyncio.gather(*(queue.receive(5) for _ in range(4))) if got]:
        taken.update(message.id for got in batches for message in got)
    assert taken == Counter(sent)


class Together:
    """A store in which two that write wait for each other first: both have read what was there before."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._barrier = asyncio.Barrier(2)
        self.get, self.query, self.close = store.get, store.query, store.close

    async def transact(
        self, writes: Sequence[Write], *, operation: str | None = None
    ) -> list[dict[str, int]]:
        await self._barrier.wait()
        return await self._store.transact(writes, operation=operation)


async def test_of_two_who_saw_a_message_at_the_same_moment_one_receives_it(
    store: Store, clock: Clock
) -> None:
    await LocalQueue(store, "jobs", clock, visibility_s=0).send({})
    queue = LocalQueue(Together(store), "jobs", clock, visibility_s=0)
    both = await asyncio.gather(queue.receive(), queue.receive())
    assert sum(len(each) for each in both) == 1


async def test_without_a_visibility_timeout_a_receipt_holds_until_the_next_one(
    store: Store, clock: Clock
) -> None:
    queue = LocalQueue(store, "jobs", clock, visibility_s=0)
    await queue.send({})
    late = await one(queue)
    await one(queue)
    await queue.delete(late)
    await queue.delete(await one(queue))
    assert await queue.receive() == []


async def test_a_receiver_whose_clock_is_ahead_brings_duplicates_and_no_losses(
    store: Store, queue: Queue, clock: Clock
) -> None:
    ahead = LocalQueue(store, "jobs", lambda: clock.seconds + 600, visibility_s=VISIBILITY_S)
    sent = await queue.send({})
    await one(queue)
    duplicate = await one(ahead)
    assert duplicate.id == sent
    await ahead.delete(duplicate)
    clock.seconds += 10 * VISIBILITY_S
    assert await queue.receive() == []


async def test_queues_of_other_names_are_apart(store: Store, queue: Queue, clock: Clock) -> None:
    await queue.send({})
    assert await LocalQueue(store, "others", clock).receive() == []


async def test_several_processes_on_one_file_handle_each_message_once(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    store = SqliteStore(file)
    queue = LocalQueue(store, "jobs", lambda: 1_800_000_000.0)
    sent = {await queue.send({"n": n}) for n in range(MESSAGES)}
    command = [sys.executable, "-m", "tests.contract.consumer", str(file)]
    consumers = [
        await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        for _ in range(PROCESSES)
    ]
    handled = [(await consumer.communicate())[0].decode().split() for consumer in consumers]
    assert [consumer.returncode for consumer in consumers] == [0] * PROCESSES
    assert Counter(message for each in handled for message in each) == Counter(sent)
    await store.close()
