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

    def begin(self) -> None:
        """Count the run's time from now on."""
        self._since_s = perf_counter()

    async def ended(self, outcome: Outcome) -> None:
        """Keep what the run has brought, and record that it succeeded."""
        if self.keeping is not None:
            await self.keeping.ended(outcome)
        await self._record(OK, outcome)

    async def failed(self, error: AppError) -> None:
        """Record that the run failed."""
        if self.keeping is not None:
            await self.keeping.failed()
        await self._record(error.code, None)

    async def aborted(self) -> None:
        """Record that the client went away; a second cancellation does not keep it from being recorded."""
        await asyncio.shield(self._aborted())

    async def _aborted(self) -> None:
        if self.keeping is not None:
            await self.keeping.failed()
        await self._record(ABORTED, None)

    async def _record(self, code: str, outcome: Outcome | None) -> None:
        if self.catalog.journal is not None:
            took_s = perf_counter() - self._since_s
            ended = Ended(self.run, code, took_s, self.streamed, self.user, outcome)
            await self.catalog.journal.record(ended)


async def journaled(asked: Asked, work: Coroutine[Any, Any, Outcome]) -> Outcome:
    """The outcome of a run that is not streamed, recorded however it ends."""
    try:
        outcome = await work
    except AppError as error:
        await asked.failed(error)
        raise
    except asyncio.CancelledError:
        await asked.aborted()
        raise
    except Exception:  # a fault of ours, which is logged where it is answered
        await asked.failed(AppError("internal"))
        raise
    await asked.ended(outcome)
    return outcome
