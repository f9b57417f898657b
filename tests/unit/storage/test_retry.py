"""When an engine is asked again."""

import pytest

from promptstudio.storage.port import Conflict, Unavailable
from promptstudio.storage.retry import ATTEMPTS, Lost, NotDone, Retry, wait_s


class Engine:
    """Fails as it is told to, then answers how often it was asked."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.asked = 0
        self.slept: list[float] = []

    async def ask(self) -> int:
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        return self.asked

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def until_answered(self, *, repeatable: bool) -> int:
        retry = Retry(self.sleep, lambda: 0.5)
        return await retry.until_answered(self.ask, repeatable=repeatable)


async def test_what_was_not_done_is_asked_again() -> None:
    engine = Engine(NotDone(), NotDone())
    assert await engine.until_answered(repeatable=False) == 3
    assert engine.slept == [wait_s(1, 0.5), wait_s(2, 0.5)]


async def test_what_is_lost_is_asked_again_only_where_that_changes_nothing() -> None:
    assert await Engine(Lost(), NotDone(), Lost()).until_answered(repeatable=True) == 4
    engine = Engine(NotDone(), Lost())
    with pytest.raises(Unavailable) as caught:
        await engine.until_answered(repeatable=False)
    assert engine.asked == 2
    assert isinstance(caught.value.__cause__, Lost)


async def test_it_is_asked_a_few_times_at_most() -> None:
    engine = Engine(*[NotDone()] * ATTEMPTS)
    with pytest.raises(Unavailable):
        await engine.until_answered(repeatable=True)
    assert engine.asked == ATTEMPTS


async def test_a_refusal_is_an_answer() -> None:
    engine = Engine(Conflict(3))
    with pytest.raises(Conflict):
        await engine.until_answered(repeatable=True)
    assert engine.slept == []


def test_waits_double_and_are_left_to_chance() -> None:
    longest = [wait_s(attempt, 0) for attempt in range(1, ATTEMPTS)]
    assert longest == [pytest.approx(0.1 * 2**step) for step in range(ATTEMPTS - 1)]
    assert wait_s(2, 0.999) == pytest.approx(0.02, rel=0.02)
    assert wait_s(ATTEMPTS, 0) is None
