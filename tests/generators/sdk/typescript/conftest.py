"""The places where a generated client runs in the tests."""

from collections.abc import Iterator

import pytest

from tests.conformance.upstream import ScriptedUpstream
from tests.generators.sdk.typescript.hosts import HOSTS, NEEDS, start
from tests.generators.sdk.typescript.packages import write_package
from tests.generators.sdk.typescript.stage import Stage


@pytest.fixture(
    scope="module", params=[pytest.param(each, marks=pytest.mark.needs(NEEDS[each])) for each in HOSTS]
)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    package = write_package(tmp_path_factory.mktemp("package"))
    folder = tmp_path_factory.mktemp("host")
    with ScriptedUpstream() as server, start(request.param, package, folder, server.url) as host:
        yield Stage(request.param, host, server)
