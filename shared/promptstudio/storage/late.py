"""A store that is opened when it is first asked: where most requests need none, none is opened for them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptstudio.storage.port import Item, Page, Store, Write


class LateStore:
    """A Store. `open_store` gives the one that is asked; while it raises, it is tried again each time."""

    def __init__(self, open_store: "Callable[[], Store]") -> None:
        self._open = open_store
        self._store: Store | None = None

    def opened(self) -> "Store":
        """The store itself; raises what `open_store` raises."""
        if self._store is None:
            self._store = self._open()
        return self._store

    async def get(self, pk: str, sk: str) -> "Item | None":
        return await self.opened().get(pk, sk)

    async def query(
        self, pk: str, prefix: str = "", *, after: str | None = None, limit: int = 100, reverse: bool = False
    ) -> "Page":
        return await self.opened().query(pk, prefix, after=after, limit=limit, reverse=reverse)

    async def transact(
        self, writes: "Sequence[Write]", *, operation: str | None = None
    ) -> list[dict[str, int]]:
        return await self.opened().transact(writes, operation=operation)

    async def close(self) -> None:
        if self._store is not None:
            await self._store.close()
