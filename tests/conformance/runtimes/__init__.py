"""The runtimes that a case can be played in: a module for each, by its name, with a `start` of its own."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, Protocol

from promptstudio.values import Json

StoreNeed = Literal["any", "empty", "refused", "none"]
"""What a case needs of the endpoint's store: nothing, an empty one, one that is out of reach, or that there
is none."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a runtime is to serve, and the environment that it finds itself in.

    The environment says where engines across a network are, which are emptied before each case that needs
    it. A runtime that keeps its state itself begins anew with each `number`. `at_once` requests will come at
    the same time.
    """

    bundle: dict[str, Json]
    environ: Mapping[str, str]
    store: StoreNeed = "any"
    number: int = 0
    at_once: int = 1


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
