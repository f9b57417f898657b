import asyncio

import pytest

from promptstudio.providers.deadlines import Deadlines


async def test_a_wait_that_lasts_too_long_ends_in_a_timeout() -> None:
    with pytest.raises(TimeoutError), Deadlines().within(0.001):
        await asyncio.Event().wait()


async def test_a_wait_that_ends_in_time_leaves_its_task_alone() -> None:
    deadlines = Deadlines()
    with deadlines.within(60):
        await asyncio.sleep(0)
    with pytest.raises(TimeoutError), deadlines.within(0.001):
        await asyncio.Event().wait()
    await asyncio.sleep(0)  # a cancellation left over would come here


async def test_each_of_many_waits_has_its_own_bound() -> None:
    deadlines = Deadlines()
    answered = asyncio.Event()

    async def wait(seconds: float) -> str:
        try:
            with deadlines.within(seconds):
                await answered.wait()
        except TimeoutError:
            return "late"
        return "answered"

    patient = asyncio.create_task(wait(60))
    assert list(await asyncio.gather(wait(0.001), wait(0.002))) == ["late", "late"]
    answered.set()
    assert await patient == "answered"


async def test_a_task_cancelled_by_another_is_cancelled_and_not_late() -> None:
    began = asyncio.Event()

    async def wait() -> None:
        with Deadlines().within(60):
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
