"""Ten thousand conditional writes at once: none is lost."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import pytest

from promptstudio.storage.sqlite import SqliteStore
from tests.contract.conftest import Engines
from tests.contract.engines import Clock
from tests.contract.race import race, total

WRITES: Final = 10_000
_PROCESSES: Final = 4


@pytest.mark.needs("make prove")
@pytest.mark.parametrize(
    "engine",
    [
        pytest.param("dynoxide", marks=pytest.mark.needs("dynoxide")),
        pytest.param("upstash", marks=pytest.mark.needs("redis-server")),
    ],
)
async def test_no_write_of_many_at_once_is_lost(engine: str, engines: Engines) -> None:
    store = engines[engine].space().open(now=Clock())
    assert await race(store, WRITES) > 0  # they did get in each other's way
    assert await total(store) == (WRITES, WRITES)
    await store.close()


async def test_no_write_of_several_processes_on_one_file_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    command = [sys.executable, "-m", "tests.contract.race", str(file), str(WRITES // _PROCESSES)]
    racing = [await asyncio.create_subprocess_exec(*command) for _ in range(_PROCESSES)]
    assert [await process.wait() for process in racing] == [0] * _PROCESSES
    store = SqliteStore(file)
    assert await total(store) == (WRITES, WRITES)
    await store.close()
