"""Every engine for every test of the contract: each is started once, when first asked for."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest

from promptstudio.storage.port import Store
from tests.contract.engines import NEEDS, Clock, Engine, Space, start


class Engines:
    """The engines by name."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._started: dict[str, Engine] = {}

    def __getitem__(self, name: str) -> Engine:
        if name not in self._started:
            self._started[name] = self._stack.enter_context(start(name))
        return self._started[name]


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    with ExitStack() as stack:
        yield Engines(stack)


@pytest.fixture(
    params=[
        pytest.param(name, marks=() if tool is None else pytest.mark.needs(tool))
        for name, tool in NEEDS.items()
    ]
)
def engine(request: pytest.FixtureRequest, engines: Engines) -> Engine:
    return engines[request.param]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def space(engine: Engine) -> Space:
    return engine.space()


@pytest.fixture
async def store(space: Space, clock: Clock) -> AsyncIterator[Store]:
    """A store on an empty space, whose time is the clock's."""
    store = space.open(now=clock)
    yield store
    await store.close()
