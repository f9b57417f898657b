"""Recording runs: each ends in the journal once, before its caller has the answer."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

from promptstudio.endpoint.gate import ABORTED, OK, Catalog, Ended
from promptstudio.endpoint.run import Outcome, Run
from promptstudio.errors import AppError


class Keeping(Protocol):
    """What a run has to leave behind when it ends, before its caller has the whole answer."""

    async def ended(self, outcome: Outcome) -> None: ...

    async def failed(self) -> None: ...


@dataclass(slots=True)
class Asked:
    """A run that is about to be asked of its model. `user` is the end user that the caller named."""

    catalog: Catalog
    run: Run
    user: str | None
    streamed: bool = False
    keeping: Keeping | None = None
    _since_s: float = field(default_factory=perf_counter)
    _end: "asyncio.Task[None] | None" = field(default=None, init=False)

    def begin(self) -> None:
        """Count the run's time from now on."""
        self._since_s = perf_counter()

    async def ended(self, outcome: Outcome) -> None:
        """Keep what the run has brought, and record that it succeeded."""
        await self._end_by(self._ended(outcome))

    async def failed(self, error: AppError) -> None:
        """Record that the run failed."""
        await self._end_by(self._failed(error.code))

    async def aborted(self) -> None:
        """Record that the client went away, or wait for the run's end where that has begun."""
        if self._end is None:
            await self._end_by(self._failed(ABORTED))
        else:
            await asyncio.shield(self._end)

    async def _end_by(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what a run's end takes. Once begun it is done, though whoever waits for it is cancelled."""
        if self.keeping is None and self.catalog.journal is None:
            work.close()
            return
        self._end = asyncio.ensure_future(work)
        await asyncio.shield(self._end)

    async def _ended(self, outcome: Outcome) -> None:
        if self.keeping is not None:
            await self.keeping.ended(outcome)
        await self._record(OK, outcome)

    async def _failed(self, code: str) -> None:
        if self.keeping is not None:
            await self.keeping.failed()
        await self._record(code, None)

    async def _record(self, code: str, outcome: Outcome | None) -> None:
        if self.catalog.journal is not None:
            took_s = perf_counter() - self._since_s
            ended = Ended(self.run, code, took_s, self.streamed, self.user, outcome)
            await self.catalog.journal.record(ended)


async def journaled(asked: Asked, work: Coroutine[Any, Any, Outcome]) -> Outcome:
    """The outcome of a run that is not streamed, recorded however it ends."""
    try:
        return await _recorded(asked, work)
    except asyncio.CancelledError:  # while it runs, or while its end is being recorded
        await asked.aborted()
        raise


async def _recorded(asked: Asked, work: Coroutine[Any, Any, Outcome]) -> Outcome:
    try:
        outcome = await work
        await asked.ended(outcome)
    except AppError as error:
        await asked.failed(error)
        raise
    except Exception:  # a fault of ours, which is logged where it is answered
        await asked.failed(AppError("internal"))
        raise
    return outcome
