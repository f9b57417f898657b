"""The platform and its owner, for tests that attack it over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.functions.platform import Platform, platform_in


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        yield platform


@pytest.fixture
async def owner(platform: Platform) -> AsyncIterator[httpx2.AsyncClient]:
    async with await platform.member(platform.world.owner) as client:
        yield client
