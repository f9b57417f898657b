"""Processes that are killed while events happen and are delivered, with hours that pass in tenths of seconds:

python -m tests.webhooks.process tell FILE FROM TO
python -m tests.webhooks.process work FILE START
"""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from promptstudio.queues.local import LocalQueue
from promptstudio.storage.port import ABSENT, Conflict, Put
from promptstudio.storage.sqlite import SqliteStore
from promptstudio.webhooks.delivery import Delivering
from promptstudio.webhooks.outbox import outbox_put
from promptstudio.webhooks.sender import Sender
from promptstudio_functions.workers import Worker, webhook_handlers
from tests.webhooks.ground import LOOPBACK, SEALER, WORKSPACE

FASTER: Final = 20_000
CHANGES: Final = f"{WORKSPACE}#changes"
KIND: Final = "prompt.published"

_LEASE_S: Final = 2.0 * FASTER


def hastened(start: float) -> Callable[[], float]:
    """A clock that went as others do until `start`, and since then faster."""
    return lambda: start + (time.time() - start) * FASTER


async def tell(file: Path, first: int, last: int) -> None:
    """Make changes, each with its event; one that is there already was made before the kill."""
    store = SqliteStore(file)
    for number in range(first, last):
        event = outbox_put(store, WORKSPACE, KIND, {"n": number}, 0)
        try:
            await store.transact([Put(CHANGES, f"{number:06}", {}, ABSENT), event])
        except Conflict:
            continue
    await store.close()


async def work(file: Path, start: float) -> None:
    """Deliver until killed."""
    store, now = SqliteStore(file), hastened(start)
    service = Delivering(store, SEALER, Sender(LOOPBACK, timeout_s=0.5), now, _LEASE_S)
    queue = LocalQueue(store, "work", now, visibility_s=_LEASE_S)
    worker = Worker(store, queue, webhook_handlers(service), now, lease_s=_LEASE_S)
    await worker.run(asyncio.Event())


if __name__ == "__main__":
    if sys.argv[1] == "tell":
        asyncio.run(tell(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
    else:
        asyncio.run(work(Path(sys.argv[2]), float(sys.argv[3])))
