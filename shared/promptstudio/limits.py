"""How often a version may be run: fixed windows, counted in the store, all limits of a run in one step.

A window of n seconds begins at each multiple of n since 1970, on the clock of whoever counts.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from promptstudio.errors import PROTOCOL, AppError
from promptstudio.prompts.limit import Limit
from promptstudio.storage.port import Add, Conflict, Store

_WHOSE: Final[dict[str, str]] = PROTOCOL["limits"]["subjects"]
_RUNS: Final = "runs"
_GRACE_S: Final = 3600  # a counter outlives its window by this, for those whose clocks are behind


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose run is counted: `key` names an API key, `user` the end user that the request names."""

    key: str
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """Where a run stands with one limit.

    `used` are the runs of the window, this one included if it was admitted; `reset_s` the whole seconds, at
    least 1, until the window ends.
    """

    limit: Limit
    used: int
    reset_s: int

    @property
    def remaining(self) -> int:
        return max(self.limit.requests - self.used, 0)


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether a run was admitted, and a count for each limit, in their order."""

    admitted: bool
    counts: tuple[Count, ...]


async def take(
    store: Store, namespace: str, prompt: str, limits: Sequence[Limit], caller: Caller, run: str, now: float
) -> Taken:
    """Count a run of a prompt within all of its limits or, where one is reached, within none.

    `run` is a name that no other run has. Raises Unavailable.
    """
    adds = [_add(namespace, prompt, limit, caller, now) for limit in limits]
    # A single count needs no operation: it is asked for once, and in DynamoDB a transaction would let runs at
    # the same moment stand in each other's way.
    operation = f"{namespace}#limits#{run}" if len(adds) > 1 else None
    try:
        counters = await store.transact(adds, operation=operation)
    except Conflict as refused:
        return Taken(False, _counts(limits, await _used(store, adds, refused.index), now))
    return Taken(True, _counts(limits, [counter.get(_RUNS, 1) for counter in counters], now))


def _add(namespace: str, prompt: str, limit: Limit, caller: Caller, now: float) -> Add:
    window = int(now // limit.window_s)
    return Add(
        f"{namespace}#limits#{prompt}#{limit.name}#{_subject(limit, caller)}",
        str(window),
        {_RUNS: 1},
        {_RUNS: limit.requests},
        (window + 1) * limit.window_s + _GRACE_S,
    )


def _subject(limit: Limit, caller: Caller) -> str:
    """Whose runs share a counter. Users have any name, so theirs is hashed."""
    if limit.by == "key":
        return caller.key
    if limit.by == "user" and caller.user is not None:
        return sha256(caller.user.encode()).hexdigest()
    return ""


async def _used(store: Store, adds: Sequence[Add], refused: int) -> list[int]:
    """What the counters have; the one that refused is full, though it may have expired since."""
    found = await asyncio.gather(*(store.get(add.pk, add.sk) for add in adds))
    used = [0 if item is None else int(str(item.data[_RUNS])) for item in found]
    used[refused] = max(used[refused], adds[refused].ceilings[_RUNS])
    return used


def _counts(limits: Sequence[Limit], used: Sequence[int], now: float) -> tuple[Count, ...]:
    return tuple(
        Count(limit, runs, math.ceil((now // limit.window_s + 1) * limit.window_s - now))
        for limit, runs in zip(limits, used, strict=True)
    )


def policy(limits: Sequence[Limit]) -> str:
    """The header RateLimit-Policy."""
    return ", ".join(f'"{limit.name}";q={limit.requests};w={limit.window_s}' for limit in limits)


def standing(counts: Sequence[Count]) -> str:
    """The header RateLimit."""
    return ", ".join(f'"{count.limit.name}";r={count.remaining};t={count.reset_s}' for count in counts)


def refusal(counts: Sequence[Count]) -> AppError:
    """The error limit_reached of the limit that has to be waited for the longest."""
    longest = max((count for count in counts if not count.remaining), key=lambda count: count.reset_s)
    limit = longest.limit
    return AppError(
        "limit_reached",
        retry_after=longest.reset_s,
        requests=limit.requests,
        per=limit.per,
        whose=_WHOSE[limit.by],
        seconds=longest.reset_s,
    )
