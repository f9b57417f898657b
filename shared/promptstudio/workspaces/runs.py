"""The history of runs: one record for each, kept for a while, newest first by prompt."""

import logging
from collections.abc import Callable
from typing import Final

from promptstudio.access.principal import Principal
from promptstudio.endpoint.gate import Ended
from promptstudio.ids import ordered_id
from promptstudio.storage.listings import Listing, list_records
from promptstudio.storage.port import Put, Store, Unavailable
from promptstudio.storage.records import Record, data, optional
from promptstudio.times import rfc3339

KEPT_S: Final = 30 * 24 * 3600

_CALLERS_CHARACTERS: Final = 256  # kept of what a caller may send at any length

logger = logging.getLogger(__name__)


class RunRecord(Record):
    """A run as its prompt's history shows it. `outcome` is `ok`, `aborted` or an error's code.

    `version` 0 is a draft or a file that was never published. Tokens and cost are there where the run has
    an answer; `cost_usd` is a decimal, absent where the price is not known. No text is kept.
    """

    id: str
    at: str
    prompt: str
    version: int
    model: str
    outcome: str
    took_ms: int
    streamed: bool
    caller: str
    user: str | None = optional()
    input_tokens: int | None = optional()
    output_tokens: int | None = optional()
    cached_tokens: int | None = optional()
    cost_usd: str | None = optional()


def runs_key(workspace: str, prompt: str) -> str:
    """The partition of the runs of prompts with this name."""
    return f"{workspace}#runs#{prompt}"


async def list_runs(
    store: Store, workspace: str, prompt: str, *, cursor: str | None = None, limit: int = 50
) -> Listing[RunRecord]:
    """A prompt's runs, newest first, without those of a deleted one of its name.

    Raises PlatformError cursor_invalid.
    """
    key = runs_key(workspace, prompt)
    page = await list_records(store, RunRecord, key, cursor=cursor, limit=limit, reverse=True)
    deletion = await store.get(_deleted_key(workspace), prompt)
    own = [run for run in page.items if deletion is None or run.at > str(deletion.data["at"])]
    return page if len(own) == len(page.items) else Listing[RunRecord](items=own)


def forget_runs(workspace: str, prompt: str, now: float) -> Put:
    """The write that hides the runs so far, to be made with the deletion of the prompt with this name."""
    return Put(_deleted_key(workspace), prompt, {"at": rfc3339(now)}, expires_at=int(now) + KEPT_S + 1)


def _deleted_key(workspace: str) -> str:
    """The partition of when prompts were deleted last, by name."""
    return f"{workspace}#runs_before"


class RunJournal:
    """Records the runs that one caller asks for."""

    def __init__(self, store: Store, caller: Principal, now: Callable[[], float]) -> None:
        self._store = store
        self._caller = caller
        self._now = now

    async def record(self, ended: Ended) -> None:
        """Keep a run. A store that does not answer costs its entry here, not the caller's answer."""
        now = self._now()
        key = runs_key(self._caller.workspace, ended.run.prompt)
        row = run_record(ended, self._caller.name, now)
        put = Put(key, ordered_id("at", now), data(row), expires_at=int(now) + KEPT_S)
        try:
            await self._store.transact([put])
        except Unavailable:
            logger.exception("run_%s is missing from the history of runs", ended.run.id)


def run_record(ended: Ended, caller: str, now: float) -> RunRecord:
    """What is kept of a run that ended at `now`."""
    run, outcome = ended.run, ended.outcome
    usage = outcome.usage if outcome is not None else None
    return RunRecord(
        id=f"run_{run.id}",
        at=rfc3339(now),
        prompt=run.prompt,
        version=run.version.number,
        model=run.version.model[:_CALLERS_CHARACTERS],
        outcome=ended.code,
        took_ms=round(ended.took_s * 1000),
        streamed=ended.streamed,
        caller=caller,
        user=None if ended.user is None else ended.user[:_CALLERS_CHARACTERS],
        input_tokens=usage.input if usage else None,
        output_tokens=usage.output if usage else None,
        cached_tokens=usage.cached if usage else None,
        cost_usd=outcome.cost_usd if outcome is not None else None,
    )
