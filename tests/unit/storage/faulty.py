"""A store that does not answer when it is told to."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from promptstudio.storage.port import Item, Page, Store, Unavailable, Write


@dataclass
class FaultyStore:
    """`store`, but for the next calls: each of `faults` takes one. DOWN does nothing, LOST does what is asked
    for and does not say so. `down` is for as long as it is set."""

    store: Store
    faults: list[str | None] = field(default_factory=list)
    down: bool = False
    calls: list[Sequence[Write] | str] = field(default_factory=list)
    stuck: asyncio.Event | None = None

    async def get(self, pk: str, sk: str) -> Item | None:
        self.calls.append(pk)
        await self._wait()
        fault = self._fault()
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
        self.calls.append(writes)
        await self._wait()
        fault = self._fault()
        if fault == DOWN:
            raise Unavailable
        told = await self.store.transact(writes, operation=operation)
        if fault == LOST:
            raise Unavailable
        return told

    async def close(self) -> None:
        await self.store.close()

    async def _wait(self) -> None:
        if self.stuck is not None:
            await self.stuck.wait()

    def _fault(self) -> str | None:
        if self.down:
            return DOWN
        return self.faults.pop(0) if self.faults else None


DOWN = "down"
LOST = "lost"
