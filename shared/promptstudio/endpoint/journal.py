"""Recording runs: each ends in the journal once, before its caller has the answer."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from promptstudio.endpoint.gate import ABORTED, OK, Catalog, Ended
from promptstudio.endpoint.run import Outcome, Run
from promptstudio.errors import AppError


@dataclass(slots=True)
class Asked:
    """A run that is about to be asked of its model. `user` is the end user that the caller named."""

    catalog: Catalog
    run: Run
    user: str | None
    streamed: bool = False
    _since_s: float = field(default_factory=perf_counter)

    async def ended(self, outcome: Outcome) -> None:
        """Record that the run succeeded."""
        await self._record(OK, outcome)

    async def failed(self, error: AppError) -> None:
        """Record that the run failed."""
        await self._record(error.code, None)

    async def aborted(self) -> None:
        """Record that the client went away; a second cancellation does not keep it from being recorded."""
        await asyncio.shield(self._record(ABORTED, None))

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
    await asked.ended(outcome)
    return outcome
