"""One of several processes that empty a queue in a file, and print the messages they handled:

python -m tests.contract.consumer FILE
"""

import asyncio
import sys
from pathlib import Path

from promptstudio.queues.local import LocalQueue
from promptstudio.storage.sqlite import SqliteStore


async def consume(file: Path) -> None:
    store = SqliteStore(file)
    queue = LocalQueue(store, "jobs", lambda: 1_800_000_001.0)
    empty = 0
    while empty < 3:  # others may have taken what was there, and left more
        messages = await queue.receive()
        empty = 0 if messages else empty + 1
        for message in messages:
            sys.stdout.write(f"{message.id}\n")
            await queue.delete(message)
    await store.close()


if __name__ == "__main__":
    asyncio.run(consume(Path(sys.argv[1])))
