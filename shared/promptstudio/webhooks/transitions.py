"""What an attempt makes of a delivery and of its endpoint: pure functions of what was and what happened."""

from dataclasses import dataclass
from typing import Final

from promptstudio.times import rfc3339
from promptstudio.webhooks.records import ATTEMPTS_KEPT, Attempt, Delivery, DisabledFor, Endpoint, State

WAITS_S: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""The pauses between ten attempts, 75 h 35 min together: the specification's example."""
JITTER: Final = 0.1
"""How much of a pause may be added to it, so that what failed together does not come back together."""
FAILING_S: Final = 5 * 24 * 3600
GONE: Final = 410


@dataclass(frozen=True, slots=True)
class After:
    """What is to be kept. `due` is when to try again, in seconds since 1970; None where that is never."""

    delivery: Delivery
    due: float | None


def succeeded(attempt: Attempt) -> bool:
    """Whether a receiver took a delivery: 2xx, and nothing else. Redirects are not followed."""
    return attempt.status is not None and 200 <= attempt.status < 300


def wait_s(tries: int, chance: float) -> float | None:
    """The pause behind so many tries, `chance` being 0 to 1; None where there were enough."""
    return None if tries > len(WAITS_S) else WAITS_S[tries - 1] * (1 + JITTER * chance)


def delivery_after(delivery: Delivery, attempt: Attempt, now: float, chance: float) -> After:
    """A pending delivery behind an attempt."""
    tries = delivery.tries + 1
    kept = (*delivery.attempts, attempt)[-ATTEMPTS_KEPT:]
    told = delivery.model_copy(update={"tries": tries, "attempts": kept, "next_at": None})
    if succeeded(attempt):
        return After(told.model_copy(update={"state": State.delivered}), None)
    wait = None if attempt.status == GONE else wait_s(tries, chance)
    if wait is None:
        return After(told.model_copy(update={"state": State.dead}), None)
    return After(told.model_copy(update={"next_at": rfc3339(now + wait)}), now + wait)


def endpoint_after(endpoint: Endpoint, attempt: Attempt, now: float) -> Endpoint:
    """An endpoint behind an attempt: the same object where nothing changes.

    It is disabled by a 410, and by failures alone for five days. What it was disabled for stays.
    """
    if endpoint.disabled is not None:
        return endpoint  # it was not called, so it did not fail
    if succeeded(attempt):
        return _healthy(endpoint)
    since = now if endpoint.failing_since is None else endpoint.failing_since
    disabled = None
    if attempt.status == GONE:
        disabled = DisabledFor.gone
    elif now - since >= FAILING_S:
        disabled = DisabledFor.failing
    if (disabled, since) == (None, endpoint.failing_since):
        return endpoint
    return endpoint.model_copy(update={"disabled": disabled, "failing_since": since})


def _healthy(endpoint: Endpoint) -> Endpoint:
    if endpoint.failing_since is None:
        return endpoint
    return endpoint.model_copy(update={"failing_since": None})
