from collections.abc import Iterator

import pytest

from tests.unit.providers.runtimes import Python, Runtime, TypeScript, typescript


@pytest.fixture(scope="session")
def node() -> Iterator[TypeScript]:
    """The TypeScript runtime; tests that ask for it are marked `needs("node")`."""
    with typescript() as runtime:
        yield runtime


@pytest.fixture(params=["python", pytest.param("typescript", marks=pytest.mark.needs("node"))])
def runtime(request: pytest.FixtureRequest) -> Runtime:
    """Each runtime in turn."""
    if request.param == "python":
        return Python()
    found: TypeScript = request.getfixturevalue("node")
    return found
