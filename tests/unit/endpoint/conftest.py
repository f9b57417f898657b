"""An endpoint with a store that may be told to fail."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from promptstudio.storage.sqlite import SqliteStore
from tests.unit.endpoint.state import Clock, Served
from tests.unit.storage.faulty import FaultyStore


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[FaultyStore]:
    store = FaultyStore(SqliteStore(tmp_path / "store.db", now=clock))
    yield store
    await store.close()


@pytest.fixture
def served(store: FaultyStore, clock: Clock) -> Served:
    return Served(store, clock)
