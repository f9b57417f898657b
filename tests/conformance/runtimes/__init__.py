"""The runtimes that a case can be played in: a module for each, by its name, with a `start` of its own."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from promptstudio.values import Json


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a runtime is to serve, and the environment that it finds itself in."""

    bundle: dict[str, Json]
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a runtime answers."""

    host: str
    port: int


class Runtime(Protocol):
    """A runtime for a whole session: one deployment takes the place of the one before."""

    def deploy(self, deployment: Deployment) -> Address: ...


def start(name: str) -> AbstractContextManager[Runtime]:
    """Start a runtime; it ends with the context."""
    opener: Callable[[], AbstractContextManager[Runtime]] = import_module(f"{__name__}.{name}").start
    return opener()
