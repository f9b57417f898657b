"""One HTTP client for each event loop: connections are of use in the one that they were made in alone."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Makes a T for each event loop that asks, and drops those of loops that are closed."""

    __slots__ = ("_lock", "_made", "_make")

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[asyncio.AbstractEventLoop, T] = {}
        self._lock = threading.Lock()  # loops run in threads of their own

    def get(self) -> T:
        """The running loop's own."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if loop not in self._made:
                for other in [other for other in self._made if other.is_closed()]:
                    del self._made[other]
                self._made[loop] = self._make()
            return self._made[loop]

    async def aclose(self, close: Callable[[T], Awaitable[None]]) -> None:
        """Close the running loop's own, if it has been made."""
        with self._lock:
            made = self._made.pop(asyncio.get_running_loop(), None)
        if made is not None:
            await close(made)
