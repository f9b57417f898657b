"""What a conformance case says. docs/protocol.md describes it for people who write cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from promptstudio.values import Json

RUNTIMES: Final = ("python", "workerd", "vercel", "vercel_node", "gcf", "aws_sam")


@dataclass(frozen=True, slots=True)
class When:
    """The model goes on only when the client has received `text`."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """What the client sends. A header of None is one of the usual headers left out."""

    method: str
    path: str
    headers: Mapping[str, str | None]
    body: bytes | None
    chunks: int | None
    close_after: bytes | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model answers to one call. Without a status nothing is sent before `end`."""

    status: int | None
    headers: Mapping[str, str]
    steps: Sequence[bytes | When]
    streamed: bool
    end: str = "complete"


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
class Expect:
    """What the client is to get. `body` is exact; `includes` is a part of a JSON body."""

    calls: Sequence[ExpectedCall]
    status: int
    content_type: str | None
    headers: Mapping[str, str | None]
    body: bytes | None
    includes: Json = None
    aborted: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """Prompts, a request, the model's answers, and what must come of them."""

    name: str
    prompts: Mapping[str, bytes]
    settings: dict[str, Json]
    environ: Mapping[str, str | None]
    request: Request
    answers: Sequence[Answer]
    expect: Expect
    runtimes: Sequence[str] = RUNTIMES
