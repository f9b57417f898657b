"""Ends waits that last too long, by one coarse timer: one for each would cost a run a tenth of its time."""

import asyncio
from types import TracebackType
from typing import Any, Final

_LOOK_EVERY_S: Final = 0.05


class Deadlines:
    """The bounded waits in one event loop. A wait may end up to 0.05 s after its bound."""

    __slots__ = ("_timer", "_waits")

    def __init__(self) -> None:
        self._waits: set[_Wait] = set()
        self._timer: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> "_Wait":
        """A context in which the current task may wait so long; then it leaves with TimeoutError."""
        return _Wait(self, seconds)

    def add(self, wait: "_Wait") -> None:
        self._waits.add(wait)
        if self._timer is None:
            self._timer = wait.loop.call_later(_LOOK_EVERY_S, self._look, wait.loop)

    def discard(self, wait: "_Wait") -> None:
        self._waits.discard(wait)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for wait in [wait for wait in self._waits if wait.due <= now]:
            self._waits.discard(wait)
            wait.end()
        self._timer = loop.call_later(_LOOK_EVERY_S, self._look, loop) if self._waits else None


class _Wait:
    """One bounded wait, as asyncio.timeout would bound it."""

    __slots__ = ("_deadlines", "_late", "_seconds", "_task", "due", "loop")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self._deadlines = deadlines
        self._seconds = seconds
        self._late = False
        self.loop = asyncio.get_running_loop()

    def __enter__(self) -> None:
        self._task: asyncio.Task[Any] | None = asyncio.current_task()
        self.due = self.loop.time() + self._seconds
        self._deadlines.add(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._deadlines.discard(self)
        # Whoever else has cancelled the task as well gets what they asked for.
        if self._late and self._task and self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def end(self) -> None:
        self._late = True
        if self._task:
            self._task.cancel()
