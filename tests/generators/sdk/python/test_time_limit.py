"""The time limit that Pythons before 3.11 are given, held to what `asyncio.timeout` does."""

import asyncio
import sys
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import pytest

from tests.generators.sdk.derive_sync import RUNTIME


@pytest.fixture(params=["of this Python", "of Pythons before 3.11"])
def time_limit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = spec_from_file_location("time_limit_under_test", RUNTIME / "_time_limit.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    if "before" in request.param:
        monkeypatch.setattr(sys, "version_info", (3, 10, 0))
    spec.loader.exec_module(module)
    monkeypatch.undo()
    assert (module.time_limit is asyncio.timeout) is ("before" not in request.param)
    return module.time_limit


async def test_what_ends_in_time_is_left_alone(time_limit: Any) -> None:
    async with time_limit(30):
        await asyncio.sleep(0)
    async with time_limit(None):
        await asyncio.sleep(0)


async def test_what_takes_longer_is_ended_with_a_timeout(time_limit: Any) -> None:
    with pytest.raises(asyncio.TimeoutError):
        async with time_limit(0.01):
            await asyncio.Event().wait()
    await asyncio.sleep(0)  # the task goes on


async def test_a_limit_that_is_over_ends_at_once(time_limit: Any) -> None:
    with pytest.raises(asyncio.TimeoutError):
        async with time_limit(0):
            await asyncio.Event().wait()


async def test_a_cancellation_from_outside_stays_one(time_limit: Any) -> None:
    async def wait() -> None:
        async with time_limit(30):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_in_the_block_stays_itself(time_limit: Any) -> None:
    with pytest.raises(ValueError, match="mine"):
        async with time_limit(30):
            raise ValueError("mine")


async def test_a_limit_that_was_kept_ends_nothing_later(time_limit: Any) -> None:
    async with time_limit(0.01):
        pass
    await asyncio.sleep(0.05)
