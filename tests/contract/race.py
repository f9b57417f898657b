"""Conditional writes of many writers to few items. Also a process of its own, as one of several on a file:

python -m tests.contract.race FILE WRITES
"""

import asyncio
import random
import sys
from pathlib import Path
from typing import Final

from promptstudio.storage.port import Conflict, Put, Store
from promptstudio.storage.sqlite import SqliteStore

ITEMS: Final = 64
_WRITERS: Final = 16
_IN_A_ROW: Final = 4


async def race(store: Store, writes: int) -> int:
    """Raise numbers in items, each at the version that was read or written last, until so many succeeded.

    Returns how many were refused.
    """
    left, refused = writes, 0

    async def write() -> None:
        nonlocal left, refused
        while left > 0:
            sk = f"{random.randrange(ITEMS):02}"
            found = await store.get("race", sk)
            number, version = (found.data["n"], found.version) if found else (0, 0)
            assert isinstance(number, int)
            for step in range(_IN_A_ROW):
                if left == 0:
                    return
                left -= 1
                try:
                    await store.transact([Put("race", sk, {"n": number + step + 1}, expect=version + step)])
                except Conflict:
                    left, refused = left + 1, refused + 1
                    break

    await asyncio.gather(*(write() for _ in range(_WRITERS)))
    return refused


async def total(store: Store) -> tuple[int, int]:
    """The sum of the numbers, and of the versions."""
    items = (await store.query("race", limit=ITEMS)).items
    return sum(int(str(item.data["n"])) for item in items), sum(item.version for item in items)


async def _race_on(file: Path, writes: int) -> None:
    store = SqliteStore(file)
    await race(store, writes)
    await store.close()


if __name__ == "__main__":
    asyncio.run(_race_on(Path(sys.argv[1]), int(sys.argv[2])))
