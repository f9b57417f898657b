"""What every provider adapter takes and gives. Adapters are pure: the transport alone does I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from promptstudio.messages import Message
from promptstudio.sse import ServerSentEvent
from promptstudio.values import Json


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider answers, as the bundle fixes it."""

    name: str
    type: str
    base_url: str
    api_key_env: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 300.0


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """What a version promises to answer.

    `schema` is what we check; `wire_schema` is the form of it that providers accept, and `strict` says
    whether it may be enforced while the model writes.
    """

    format: str = "text"
    schema: Mapping[str, Json] | None = None
    wire_schema: Mapping[str, Json] | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """How a version asks its model, whatever the messages. `model` is the provider's own name for it.

    A setup equals only itself, so that an adapter can print its settings once and keep them.
    """

    provider: Provider
    model: str
    config: Mapping[str, Json]
    output: OutputFormat
    output_name: str = "output"


# What every run makes anew is not frozen: that would cost a function call for each of its members.


@dataclass(slots=True)
class Call:
    """One question to a model."""

    setup: Setup
    messages: Sequence[Message]
    stream: bool
    user: str | None = None


@dataclass(slots=True)
class ProviderRequest:
    """A POST that the transport can send; authorization is added there."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Usage:
    """Tokens. `input` counts all of the input: fresh, read from a cache, and written to one."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0


@dataclass(slots=True)
class Answer:
    """A model's whole answer. `usage` is None where the provider did not count."""

    text: str
    finish_reason: str
    usage: Usage | None


@dataclass(slots=True)
class StreamState:
    """What a stream has told so far, apart from its text. `done` is set by its last event."""

    finish_reason: str = "stop"
    usage: Usage | None = None
    done: bool = False


class Adapter(Protocol):
    """The verbs of a provider's file. All raise AppError: `media_unsupported` from build_request;
    `provider_garbage` or `provider_failed` from the other two."""

    def build_request(self, call: Call) -> ProviderRequest: ...

    def parse(self, provider: Provider, body: bytes) -> Answer: ...

    def parse_event(self, provider: Provider, event: ServerSentEvent, state: StreamState) -> str:
        """The text this event adds ("" for none)."""
        ...
