"""A store that does not answer when it is told to."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from promptstudio.storage.port import Item, Page, Store, Unavailable, Write

_PATIENCE_S = 10

DOWN = "down"
LOST = "lost"


@dataclass
class FaultyStore:
    """`store`, but for the next calls: each of `faults` takes one. DOWN does nothing, LOST does what is asked
    for and does not say so. `down` is for as long as it is set. Calls wait for `stuck`, if there is one."""

    store: Store
    faults: list[str | None] = field(default_factory=list)
    down: bool = False
    calls: list[Sequence[Write] | str] = field(default_factory=list)
    stuck: asyncio.Event | None = None
    answered: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def get(self, pk: str, sk: str) -> Item | None:
        async with self._call(pk) as fault:
            if fault is not None:
                raise Unavailable
            return await self.store.get(pk, sk)

    async def query(
        self, pk: str, prefix: str = "", *, after: str | None = None, limit: int = 100, reverse: bool = False
    ) -> Page:
        return await self.store.query(pk, prefix, after=after, limit=limit, reverse=reverse)

    async def transact(
        self, writes: Sequence[Write], *, operation: str | None = None
    ) -> list[dict[str, int]]:
        async with self._call(writes) as fault:
            if fault == DOWN:
                raise Unavailable
            told = await self.store.transact(writes, operation=operation)
            if fault == LOST:
                raise Unavailable
            return told

    async def close(self) -> None:
        await self.store.close()

    async def until(self, *, calls: int = 0, answered: int = 0) -> None:
        """Wait until so many calls have been made, and so many answered."""
        async with asyncio.timeout(_PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: len(self.calls) >= calls and self.answered >= answered)

    @asynccontextmanager
    async def _call(self, call: Sequence[Write] | str) -> AsyncIterator[str | None]:
        """Around a call; gives its fault."""
        self.calls.append(call)
        await self._tell()
        if self.stuck is not None:
            await self.stuck.wait()
        fault = DOWN if self.down else self.faults.pop(0) if self.faults else None
        try:
            yield fault
        finally:
            self.answered += 1
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
