"""What happens behind requests: sweeps that find what is due, and the messages by which it gets done.

A sweep moves a due record ahead by a lease and sends a message that names it. Whoever receives that looks
the record up where the message says: a duplicate, or a message that came too late, finds nothing there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from promptstudio.errors import AppError
from promptstudio.queues.due import DueRecords
from promptstudio.queues.port import RECEIVED_MAX, Message, Queue
from promptstudio.storage.port import Item, Store
from promptstudio.webhooks.delivery import LEASE_S, Delivering, deliver
from promptstudio.webhooks.outbox import DELIVERY_TASK, EVENT_TASK, TASKS, fan_out

logger = logging.getLogger("promptstudio.workers")

POLL_S: Final = 0.5
AT_ONCE: Final = 16
GRACE_S: Final = 5.0

Handler = Callable[[Item], Awaitable[None]]


def webhook_handlers(service: Delivering) -> dict[str, Handler]:
    """What is done for each task of webhooks."""

    async def event(task: Item) -> None:
        await fan_out(service.store, task, service.now())

    async def delivery(task: Item) -> None:
        await deliver(service, task)

    return {EVENT_TASK: event, DELIVERY_TASK: delivery}


class Worker:
    """Sweeps and handles, up to AT_ONCE tasks at a time. `now` gives seconds since 1970."""

    def __init__(
        self,
        store: Store,
        queue: Queue,
        handlers: Mapping[str, Handler],
        now: Callable[[], float],
        *,
        lease_s: float = LEASE_S,
        grace_s: float = GRACE_S,
    ) -> None:
        self._store = store
        self._queue = queue
        self._handlers = handlers
        self._now = now
        self._lease_s = lease_s
        self._grace_s = grace_s
        self._due = DueRecords(store, TASKS)
        self._running: set[asyncio.Task[None]] = set()

    async def sweep(self, limit: int) -> int:
        """Send messages for what is due, no more than so many; returns how many. Raises Unavailable."""
        sent = 0
        for item in await self._due.ready(self._now(), limit):
            moved = await self._due.move(item, self._now() + self._lease_s)
            if moved is not None:
                await self._queue.send({"pk": moved.pk, "sk": moved.sk})
                sent += 1
        return sent

    async def handle(self, message: Message) -> None:
        """Do what a message tells of, then delete it; after an error it comes again. Raises no error."""
        try:
            task = await self._store.get(str(message.body["pk"]), str(message.body["sk"]))
            if task is not None:
                await self._handlers[str(task.data["task"])](task)
            await self._queue.delete(message)
        except AppError as error:
            logger.warning("A task is tried again later: %s", error.detail)
        except Exception:  # the edge of a task of its own
            logger.exception("A task failed, and is tried again later.")

    async def step(self) -> int:
        """Sweep, and begin to handle what there is room for; returns how many. Raises Unavailable."""
        room = min(AT_ONCE - len(self._running), RECEIVED_MAX)
        if room <= 0:
            return 0
        await self.sweep(room)
        messages = await self._queue.receive(room)
        for message in messages:
            task = asyncio.create_task(self.handle(message))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(messages)

    async def drain(self) -> None:
        """Wait for what has begun."""
        if self._running:
            await asyncio.wait(self._running)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; then give what has begun `grace_s` to come to its end. What does not is
        cancelled, and tried again by whoever works behind its lease."""
        while not stop.is_set():
            try:
                began = await self.step()
            except AppError as error:
                began = 0
                logger.warning("The store is out of reach: %s", error.detail)
            except Exception:  # the edge of a task that has to go on
                began = 0
                logger.exception("What is due could not be looked for, which is tried again.")
            if began == 0:
                await self._pause(stop)
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=self._grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _pause(self, stop: asyncio.Event) -> None:
        """Until something has ended, somebody says stop, or it is time to look again."""
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait(
                {stopping, *self._running}, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            stopping.cancel()
