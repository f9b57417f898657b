"""Every engine for every test of the contract: each is started once, when first asked for."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

import pytest

from promptstudio.storage.port import Store
from promptstudio.storage.retry import Retry
from tests.contract.engines import NEEDS, Clock, Engine, Space, Way, start
from tests.contract.engines.proxy import Proxy, before

NETWORKED: Final = [
    pytest.param("moto"),
    pytest.param("dynoxide", marks=pytest.mark.needs("dynoxide")),
    pytest.param("upstash", marks=pytest.mark.needs("redis-server")),
]
"""Engines across a network, for modules whose `engine` is one of these."""


@dataclass
class Sleeps:
    """Time that would have been slept."""

    taken: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


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


@pytest.fixture
async def proxy(engine: Engine) -> AsyncIterator[Proxy]:
    assert engine.address is not None
    async with before(engine.address) as proxy:
        yield proxy


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture
async def distant(space: Space, clock: Clock, proxy: Proxy, sleeps: Sleeps) -> AsyncIterator[Store]:
    """A store on the other side of the proxy."""
    store = space.open(now=clock, retry=Retry(sleeps, lambda: 0.5), via=Way(proxy.address))
    assert await store.get("ws", "none") is None  # connected, and its scripts are known
    proxy.requests = 0
    yield store
    await store.close()
