"""What a conformance case says. docs/protocol.md describes it for people who write cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from promptstudio.values import Json
from tests.conformance.runtimes import StoreNeed

RUNTIMES: Final = ("python", "workerd", "vercel", "vercel_node", "gcf", "aws_sam")


@dataclass(frozen=True, slots=True)
class When:
    """The model goes on only when the clients have received `text` so many times."""

    text: bytes
    times: int = 1


@dataclass(frozen=True, slots=True)
class Request:
    """What the client sends, `times` at the same time. A header of None is one of the usual headers left out.

    It is sent again for as long as its answer has the status `again_on`.
    """

    method: str
    path: str
    headers: Mapping[str, str | None]
    body: bytes | None
    chunks: int | None = None
    close_after: bytes | None = None
    times: int = 1
    again_on: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model answers to one call, once `held` has come true. Without a status nothing is sent before
    `end`."""

    status: int | None
    headers: Mapping[str, str]
    steps: Sequence[bytes | When]
    streamed: bool
    end: str = "complete"
    held: When | None = None


@dataclass(frozen=True, slots=True)
class ExpectedCall:
    """What the model is to be sent: `body` byte by byte, or the JSON value of `json`."""

    method: str
    path: str
    headers: Mapping[str, str | None]
    body: bytes | None
    json: bytes | None = None
    not_before_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ExpectedAnswer:
    """What a client is to get, and how many of several clients. `body` is exact; `includes` is a part of a
    JSON body."""

    status: int
    content_type: str | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: bytes | None = None
    includes: Json = None
    at_least: int = 1
    at_most: int = 1


@dataclass(frozen=True, slots=True)
class Expect:
    """What is to come of a request: an answer of each status that there may be, and calls to the model."""

    answers: Sequence[ExpectedAnswer]
    calls: Sequence[ExpectedCall] = ()
    aborted: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A request, the model's answers, and what must come of them."""

    request: Request
    answers: Sequence[Answer]
    expect: Expect


@dataclass(frozen=True, slots=True)
class Case:
    """Prompts, and the steps that are taken one after the other. `not_elsewhere` is why there are runtimes
    that it is not for."""

    name: str
    prompts: Mapping[str, bytes]
    settings: dict[str, Json]
    environ: Mapping[str, str | None]
    store: StoreNeed
    steps: Sequence[Step]
    runtimes: Sequence[str] = RUNTIMES
    not_elsewhere: str | None = None
