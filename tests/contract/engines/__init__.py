"""The engines that the contract is held against: a module for each, by its name, with its own `start`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import Final, Protocol

from promptstudio.storage.port import Store
from promptstudio.storage.retry import ANSWER_S, RETRY, Retry

NEEDS: Final[dict[str, str | None]] = {
    "sqlite": None,
    "moto": None,
    "dynoxide": "dynoxide",
    "upstash": "redis-server",
}
"""Engine → the tool that it needs."""


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, seconds: float = 1_800_000_000.5) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


@dataclass(frozen=True, slots=True)
class Address:
    """Where an engine listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Way:
    """Where a proxy listens that stands before an engine, and how long an answer may take through it."""

    address: Address
    answer_s: float = ANSWER_S


class Space(Protocol):
    """An empty place in an engine, which any number of stores may share.

    `words` say how another process opens it: see `elsewhere`.
    """

    words: list[str]

    def open(self, *, now: Callable[[], float], retry: Retry = RETRY, via: Way | None = None) -> Store:
        """A store in it, that asks the engine itself or some `via`."""
        ...


class Engine(Protocol):
    """An engine that runs for a whole session."""

    address: Address | None
    """None where nothing listens."""

    def space(self) -> Space: ...


def start(name: str) -> AbstractContextManager[Engine]:
    """Start an engine; it ends with the context."""
    opener: Callable[[], AbstractContextManager[Engine]] = import_module(f"{__name__}.{name}").start
    return opener()
