from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.people import world_in
from tests.unit.workspaces.desk import Desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    world = await world_in(tmp_path)
    yield Desk(world, world.owner)
    await world.store.close()
