"""A time limit for what is awaited: `asyncio.timeout`, which Python has from 3.11 on, and its like before."""

import asyncio
import sys

if sys.version_info >= (3, 11):
    from asyncio import timeout as time_limit
else:
    from types import TracebackType

    class time_limit:  # noqa: N801 - stands where a function does
        """Cancels the task that is in the block when its time is over, and raises TimeoutError instead."""

        def __init__(self, seconds: float | None) -> None:
            self._seconds = seconds
            self._over = False
            self._timer: asyncio.TimerHandle | None = None

        async def __aenter__(self) -> None:
            if self._seconds is not None:
                task = asyncio.current_task()
                self._timer = asyncio.get_running_loop().call_later(self._seconds, self._end, task)

        def _end(self, task: asyncio.Task[object] | None) -> None:
            self._over = True
            if task is not None:
                task.cancel()

        async def __aexit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            traceback: TracebackType | None,
        ) -> None:
            if self._timer is not None:
                self._timer.cancel()
            if self._over and kind is asyncio.CancelledError:
                raise asyncio.TimeoutError from error


__all__ = ["time_limit"]
