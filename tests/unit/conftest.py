from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.people import World, world_in


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = await world_in(tmp_path)
    yield made
    await made.store.close()
