"""The seam between the protocol and where keys, prompts and records are kept."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from promptstudio.endpoint.run import Outcome, Run, Transport
from promptstudio.prompts.bundle import Prompt, Version
from promptstudio.providers.base import Provider
from promptstudio.providers.cost import Price

if TYPE_CHECKING:
    from promptstudio.storage.port import Store

OK = "ok"
ABORTED = "aborted"


@dataclass(slots=True)
class Ended:
    """A run that has come to its end.

    `code` is OK, ABORTED where the client went away, else an error's code; `outcome` is there only with OK.
    `took_s` counts from the question to the model on.
    """

    run: Run
    code: str
    took_s: float
    streamed: bool
    user: str | None
    outcome: Outcome | None = None


class Journal(Protocol):
    """Takes every run before it is answered."""

    async def record(self, ended: Ended) -> None: ...


@dataclass(frozen=True, slots=True)
class State:
    """Where counts, claims and answers are kept between the requests of one caller.

    Keys in the store begin with `namespace`. `caller` is an id or a hash; `now` gives seconds since 1970.
    """

    store: "Store"
    namespace: str
    caller: str
    now: Callable[[], float] = time.time


class Catalog(Protocol):
    """What one caller may run, and with what. `journal` is None where nothing is recorded."""

    @property
    def transport(self) -> Transport: ...

    @property
    def providers(self) -> Mapping[str, Provider]: ...

    @property
    def journal(self) -> Journal | None: ...

    def state(self, headers: Mapping[bytes, bytes]) -> State | None:
        """The state for the sender of these headers, whom the gate has admitted; None where there is none."""
        ...

    async def resolve(
        self, name: str, version: int | None = None, label: str | None = None
    ) -> tuple[Prompt, Version]:
        """The prompt and version a run asks for.

        Raises AppError prompt_unknown, version_unknown or label_unknown.
        """
        ...

    def price(self, model: str) -> Price | None:
        """What a model costs that a request names instead of the prompt's, where that is known."""
        ...

    async def document(self, path: str) -> bytes:
        """The document at one of Documents.PATHS, as JSON in UTF-8."""
        ...


class Gate(Protocol):
    """Lets callers in."""

    async def admit(self, headers: Mapping[bytes, bytes], method: str) -> Catalog:
        """What the sender of these headers may run; raises AppError for who may not."""
        ...

    def health(self) -> bytes:
        """The body of GET /health."""
        ...
