"""Another process on the same store, at a time that stands still: python -m tests.contract.elsewhere

… burst LIMITS NAME RUNS WORDS…   asks for runs at once, and tells how many it got
… hold WORDS…   takes a claim, tells so, and keeps it until it is killed
"""

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from promptstudio.idempotency import Claim, Held
from promptstudio.idempotency import take as take_claim
from promptstudio.limits import Caller, take
from promptstudio.prompts.limit import Limit
from promptstudio.storage.port import Store
from tests.contract.engines import Clock

CLAIM: Final = Claim("name", "body", "the other process")
LIMITS: Final = {
    "one": [Limit(40, "day", "prompt")],
    "two": [Limit(40, "day", "prompt"), Limit(1000, "hour", "key")],
}


def reopen(words: Sequence[str], now: Callable[[], float]) -> Store:
    """The store of a Space with these words."""
    kind, where, *name = words
    if kind == "sqlite":
        from promptstudio.storage.sqlite import SqliteStore

        return SqliteStore(Path(where), now=now)
    if kind == "upstash":
        from promptstudio.storage.upstash import UpstashStore
        from tests.contract.engines.upstash import TOKEN

        return UpstashStore(where, TOKEN, prefix=name[0], now=now)
    from promptstudio.storage.dynamodb import DynamoStore
    from promptstudio.storage.dynamodb_client import connect
    from tests.contract.engines.tables import session

    return DynamoStore(name[0], connect=partial(connect, where, session()), now=now)


async def burst(store: Store, limits: str, process: str, runs: int, now: float) -> int:
    """How many of these runs at once are admitted."""
    taken = await asyncio.gather(
        *(
            take(store, "ws", "greet", LIMITS[limits], Caller(process), f"{process} {number}", now)
            for number in range(runs)
        )
    )
    return sum(each.admitted for each in taken)


async def _main(verb: str, *words: str) -> None:
    clock = Clock()
    if verb == "burst":
        limits, process, runs, *where = words
        store = reopen(where, clock)
        sys.stdout.write(f"{await burst(store, limits, process, int(runs), clock())}\n")
        await store.close()
    else:
        store = reopen(words, clock)
        assert isinstance(await take_claim(store, "ws", CLAIM, clock()), Held)
        sys.stdout.write("held\n")
        sys.stdout.flush()
        signal.pause()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
