"""Changes with their entries in the audit log, as one of several processes makes them:

python -m tests.contract.auditing NAME CHANGES WORDS…
"""

import asyncio
import sys
from typing import Final

from promptstudio.audit.entries import Actor, Entry, Source, Target
from promptstudio.audit.log import AuditLog
from promptstudio.storage.port import ABSENT, Put, Store
from tests.contract.elsewhere import reopen
from tests.contract.engines import Clock

WORKSPACE: Final = "ws_0123456789AB"
SECRET: Final = b"s" * 32
CHANGES: Final = f"{WORKSPACE}#changes"


def entry(name: str) -> Entry:
    """An entry about what has this name."""
    actor = Actor(kind="member", id="mem_1", name="Ada")
    return Entry("thing.created", actor, Source(ip="192.0.2.7"), Target(kind="thing", id=name))


async def make(store: Store, process: str, changes: int) -> None:
    """Make so many changes, two at a time, each of a name of its own and with its entry."""
    log = AuditLog(store, SECRET, Clock())

    async def some(numbers: range) -> None:
        for number in numbers:
            name = f"{process} {number}"
            put = Put(CHANGES, name, {}, ABSENT)
            await log.write(WORKSPACE, [put], [entry(name)], operation=f"audit {name}")

    await asyncio.gather(some(range(0, changes, 2)), some(range(1, changes, 2)))


async def _main(process: str, changes: str, *words: str) -> None:
    store = reopen(words, Clock())
    await make(store, process, int(changes))
    await store.close()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
