"""The stages of a run that need a store, between its variables and its model.

1. Its Idempotency-Key is claimed, or the answer that was kept for it is given again.
2. It is counted within its version's limits, or refused.
3. What the cache has is its answer, or the model is asked and its answer cached.

When it ends, its answer is kept for its Idempotency-Key, or the claim released. Most runs need none of this:
they do not import it.
"""

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final, TypeVar

from promptstudio import idempotency, limits
from promptstudio.cache import exact
from promptstudio.endpoint.exchange import Exchange
from promptstudio.endpoint.gate import State
from promptstudio.endpoint.journal import Asked, journaled
from promptstudio.endpoint.request import IDEMPOTENCY_KEY, Sent
from promptstudio.endpoint.run import EXACT, MISS, Outcome, conclude
from promptstudio.endpoint.stream import Telling
from promptstudio.errors import BOUNDS
from promptstudio.idempotency import Claim, Held
from promptstudio.providers.base import Call
from promptstudio.providers.catalog import ADAPTERS
from promptstudio.storage.port import Unavailable

CACHE_S: Final = 2.5
"""How long a run waits for the cache each time it asks: a model may be faster than a store that is silent."""

WITHDRAW_AFTER_S: Final = (0.0, 1.0, 5.0, 25.0)
"""The pauses before each try to give a claim back of which the store has not said whether it is there."""

_T = TypeVar("_T")

logger: Final = logging.getLogger(__name__)

_withdrawals: Final[set[asyncio.Task[None]]] = set()  # an event loop alone would let go of them


async def pass_stages(
    state: State, exchange: Exchange, sent: Sent, asked: Asked, telling: Telling
) -> bytes | None:
    """The body of a 200 that is there already, kept or cached; None where the model is to be asked.

    Then `asked` takes care of what is left to be done when the run ends. Raises AppError idempotency_…,
    limit_reached or store_unavailable.
    """
    held: Held | None = None
    key = exchange.headers.get(IDEMPOTENCY_KEY)
    try:
        if key is not None:
            claim = idempotency.to_claim(state.caller, sent.path, key, sent.body, asked.run.id)
            claimed = await _claimed(state, claim)
            if isinstance(claimed, bytes):
                return claimed
            held = claimed
        asked.keeping = keeping = Keeping(state, asked, telling, held)
        return await _counted(state, exchange, sent, asked, keeping)
    except Unavailable:
        logger.exception("%s is refused: the store does not answer", exchange.id)
        raise


async def _claimed(state: State, claim: Claim) -> Held | bytes:
    try:
        return await idempotency.take(state.store, state.namespace, claim, state.now())
    except Unavailable:  # which may have been written: the caller is not kept waiting to see
        withdrawal = asyncio.create_task(_withdraw(state, claim))
        _withdrawals.add(withdrawal)
        withdrawal.add_done_callback(_withdrawals.discard)
        raise


async def _withdraw(state: State, claim: Claim) -> None:
    for pause_s in WITHDRAW_AFTER_S:
        await asyncio.sleep(pause_s)
        with suppress(Unavailable):
            await idempotency.withdraw(state.store, state.namespace, claim, state.now())
            return
    logger.error("run_%s may hold its Idempotency-Key: the store does not answer", claim.run)


async def _counted(
    state: State, exchange: Exchange, sent: Sent, asked: Asked, keeping: "Keeping"
) -> bytes | None:
    """What pass_stages gives for a run whose claim is held, if it has one: it is released if this fails."""
    version = asked.run.version
    outcome: Outcome | None = None
    try:
        if version.limits:
            await _count(state, exchange, asked)
        if version.cache_ttl_s is not None and sent.cache != "bypass":
            outcome = await keeping.look_up(sent, version.cache_ttl_s)
    except BaseException:
        await asyncio.shield(keeping.failed())
        raise
    asked.begin()
    if outcome is None:
        return None
    return keeping.telling.body(await journaled(asked, _at_once(outcome)))


async def _at_once(outcome: Outcome) -> Outcome:
    return outcome


async def _count(state: State, exchange: Exchange, asked: Asked) -> None:
    run = asked.run
    caller = limits.Caller(state.caller, asked.user)
    taken = await limits.take(
        state.store, state.namespace, run.prompt, run.version.limits, caller, run.id, state.now()
    )
    exchange.extra_headers += (
        (b"ratelimit-policy", limits.policy(run.version.limits).encode()),
        (b"ratelimit", limits.standing(taken.counts).encode()),
    )
    if not taken.admitted:
        raise limits.refusal(taken.counts)


class Keeping:
    """What a run has to leave in the store when it ends. A store that does not answer then is logged."""

    __slots__ = ("_asked", "_entry", "_held", "_state", "telling")

    def __init__(self, state: State, asked: Asked, telling: Telling, held: Held | None) -> None:
        self.telling = telling
        self._state = state
        self._asked = asked
        self._held = held
        self._entry: tuple[str, int] | None = None

    async def look_up(self, sent: Sent, ttl_s: int) -> Outcome | None:
        """The run's outcome, where it is cached; else it is to be cached for `ttl_s` once it is there."""
        run, state = self._asked.run, self._state
        call = Call(run.version.setup, sent.messages, stream=False)
        request = ADAPTERS[run.version.api].adapter.build_request(call)
        key = exact.exact_key(run.prompt, run.version, request)
        if sent.cache != "refresh":
            hit = await self._cached(exact.find(state.store, state.namespace, key, state.now()))
            if hit is not None:
                run.cache, run.age_s = EXACT, hit.age_s
                outcome = conclude(run.version, hit.answer)
                outcome.cost_usd = "0"
                return outcome
        run.cache = MISS
        self._entry = key, ttl_s
        return None

    async def ended(self, outcome: Outcome) -> None:
        """Cache the answer and keep it for its Idempotency-Key, as far as it is to be."""
        state = self._state
        if self._entry is not None and outcome.finish_reason == exact.COMPLETE:
            key, ttl_s = self._entry
            await self._cached(
                exact.keep(state.store, state.namespace, key, outcome.text, outcome.usage, ttl_s, state.now())
            )
        if self._held is None:
            return
        body = self.telling.body(outcome)
        if len(body) > BOUNDS["kept_answer_bytes"]:
            await self.failed()
        else:
            await self._logged(idempotency.keep(state.store, self._held, body, state.now()))

    async def failed(self) -> None:
        """Release the claim, if there is one."""
        if self._held is not None:
            await self._logged(idempotency.release(self._state.store, self._held, self._state.now()))

    async def _cached(self, work: Awaitable[_T]) -> _T | None:
        """What the cache says within CACHE_S; a store alone would try for longer."""

        async def bounded() -> _T:
            async with asyncio.timeout(CACHE_S):
                return await work

        return await self._logged(bounded())

    async def _logged(self, work: Awaitable[_T]) -> _T | None:
        try:
            return await work
        except (Unavailable, TimeoutError):
            logger.exception("run_%s goes on though the store does not answer", self._asked.run.id)
            return None
