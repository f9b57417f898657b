"""The worker of a machine that serves for itself: a task beside its server."""

import asyncio
from dataclasses import dataclass
from typing import Final

from promptstudio.queues.local import LocalQueue
from promptstudio.webhooks.delivery import Delivering
from promptstudio.webhooks.sender import Sender
from promptstudio_functions.services import Services
from promptstudio_functions.workers import Worker, webhook_handlers

_QUEUE: Final = "work"


@dataclass(frozen=True, slots=True)
class LocalWork:
    """What `begin_work` began. Close it before the store."""

    task: "asyncio.Task[None]"
    stop: asyncio.Event
    sender: Sender

    async def close(self) -> None:
        """Take on nothing more, let what has begun come to its end, and let connections go."""
        self.stop.set()
        try:
            await self.task
        finally:
            await self.sender.close()


def begin_work(services: Services) -> LocalWork:
    """Work off what is due, in the event loop that runs."""
    sender, stop = Sender(services.guard), asyncio.Event()
    service = Delivering(services.store, services.sealer, sender, services.now)
    queue = LocalQueue(services.store, _QUEUE, services.now)
    worker = Worker(services.store, queue, webhook_handlers(service), services.now)
    return LocalWork(asyncio.create_task(worker.run(stop), name="local-work"), stop, sender)
