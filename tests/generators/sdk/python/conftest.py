"""One server, and a client of each variant, for all tests of a session."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.conformance.upstream import ScriptedUpstream
from tests.generators.sdk.python.packages import VARIANTS
from tests.generators.sdk.python.stage import Stage


@pytest.fixture(scope="session")
def server() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as server:
        yield server


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session", params=map(str, VARIANTS))
def stage(
    request: pytest.FixtureRequest, server: ScriptedUpstream, runner: asyncio.Runner
) -> Iterator[Stage]:
    variant = next(each for each in VARIANTS if str(each) == str(request.param))
    stage = Stage(variant, server, runner)
    yield stage
    stage.close()
