"""The platform and its owner, for tests that attack it over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from argon2 import PasswordHasher

from promptstudio.access import passwords
from tests.functions.platform import Platform, platform_in
from tests.security.building import build
from tests.security.ground import Ground


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        yield platform


@pytest.fixture
async def owner(platform: Platform) -> AsyncIterator[httpx2.AsyncClient]:
    async with await platform.member(platform.world.owner) as client:
        yield client


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords' hashes that cost next to nothing."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    monkeypatch.setattr(passwords, "_NOBODYS", hasher.hash("nobody's"))


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """What the matrix is asked on."""
    return asyncio.run(build(tmp_path_factory.mktemp("ground")))
