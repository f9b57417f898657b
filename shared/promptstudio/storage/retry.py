"""When an engine across a network is asked again. One rule for all of them.

What surely was not done is tried again after a jittered wait, a few times. What may have been done is tried
again only where a second time changes nothing. Then it is Unavailable. With the engines' own timeouts that
is at worst half a minute.
"""

import asyncio
import itertools
import random as chance
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from promptstudio.storage.port import Unavailable

ATTEMPTS: Final = 5
CONNECT_S: Final = 2.0
ANSWER_S: Final = 5.0

_BACKOFF_S: Final = 0.1

Answer = TypeVar("Answer")


class NotDone(Exception):  # noqa: N818 - an outcome, not a fault
    """The engine was throttled, busy with a conflicting write, or not reached: it did nothing."""


class Lost(Exception):  # noqa: N818 - an outcome, not a fault
    """The engine's answer did not come, or made no sense. What it was asked may be done."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Asks until there is an answer. `sleep` (seconds) and `random` (0 to 1) are there for tests."""

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = chance.random

    async def until_answered(
        self, ask: Callable[[], Awaitable[Answer]], *, repeatable: bool = True
    ) -> Answer:
        """What `ask` returns or raises; NotDone, and Lost where it is `repeatable`, are asked again.

        Raises Unavailable.
        """
        for attempt in itertools.count(1):
            try:
                return await ask()
            except (NotDone, Lost) as error:
                wait = wait_s(attempt, self.random())
                if wait is None or (isinstance(error, Lost) and not repeatable):
                    raise Unavailable from error
            await self.sleep(wait)
        raise AssertionError  # unreachable: the count has no end


RETRY: Final = Retry()


def wait_s(attempt: int, random: float) -> float | None:
    """How long to wait after an attempt (from 1) in vain; None: ask no more.

    The wait doubles, and nearly all of it is left to chance (0 to 1), since those who collided once would
    otherwise collide again.
    """
    if attempt >= ATTEMPTS:
        return None
    return _BACKOFF_S * float(2 ** (attempt - 1)) * (1 - 0.9 * random)
