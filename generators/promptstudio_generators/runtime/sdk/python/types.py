"""What goes to the endpoint and comes back, whatever the prompt: values in the form that JSON gives them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, Protocol, TypedDict, TypeVar, Union

T = TypeVar("T", covariant=True)

JsonValue = Union[None, bool, int, float, str, "list[JsonValue]", "dict[str, JsonValue]"]
"""Any JSON value, as answers hold it."""


class SequenceNotStr(Protocol[T]):
    """A list, a tuple or another sequence, but no text: that would be a sequence of its characters."""

    def __getitem__(self, index: int, /) -> T: ...

    def __iter__(self) -> Iterator[T]: ...

    def __len__(self) -> int: ...

    def __contains__(self, value: object, /) -> bool: ...  # of a text, it takes texts alone

    def count(self, value: Any, /) -> int: ...  # a mapping has none


class NotGiven:
    """The type of NOT_GIVEN: a variable that is left out. The endpoint fills in its default, if any."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NOT_GIVEN"

    def __bool__(self) -> Literal[False]:
        return False


NOT_GIVEN: Final = NotGiven()


class TextPart(TypedDict):
    """Text in a message."""

    text: str


class _MediaOptional(TypedDict, total=False):
    content_type: str


class Media(_MediaOptional):
    """A picture or a file, by its URL; a `data:` URL holds it itself."""

    url: str


class MediaPart(TypedDict):
    """Media in a message."""

    media: Media


class Message(TypedDict):
    """What was said before."""

    role: Literal["user", "model"]
    content: str | Sequence[TextPart | MediaPart]


class RequestOptions(TypedDict, total=False):
    """What one call may set apart from the prompt's variables. Times are in seconds; None is no limit."""

    messages: Sequence[Message]
    """The conversation so far. It stands where the prompt says so, else before its last message."""
    version: int
    """Another version of the prompt than the package's."""
    label: str
    """A label of the prompt instead of a version, such as "staging"."""
    cache: Literal["default", "bypass", "refresh"]
    """How the endpoint's cache may be used."""
    user: str
    """An opaque identifier of your end user. It is passed to the model's provider."""
    metadata: Mapping[str, object]
    """Notes of your own on the run."""
    timeout: float | None
    """The time for one attempt: to the last byte of an answer, or to the headers of a stream."""
    connect_timeout: float | None
    """The time to connect."""
    idle_timeout: float | None
    """The time between two pieces of a stream. The endpoint sends one every 15 s, if only a comment."""
    deadline: float | None
    """The time for all of the call: every attempt, the waits between them, and a stream to its end."""
    max_retries: int
    """How often a call that failed in passing is sent again."""
    idempotency_key: str
    """What the endpoint knows all attempts of this call by; without it, a random one."""
    headers: Mapping[str, str]
    """Further headers. They take the place of none that the client sends itself, but for Authorization."""


class TextOutput(TypedDict):
    """What a prompt that answers with text gave."""

    type: Literal["text"]
    text: str


class Usage(TypedDict):
    """Tokens, as the provider counts them. `input_tokens` are all: `cached_tokens` are among them."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int


class _CacheOptional(TypedDict, total=False):
    similarity: float
    age_s: float


class Cache(_CacheOptional):
    """Whether the answer came from the endpoint's cache. `age_s` is in seconds."""

    status: Literal["miss", "exact", "semantic", "bypass"]


class Answer(TypedDict):
    """An answer, apart from its output.

    `cost_usd` is a decimal number of dollars as text; None where the price is not known.
    """

    id: str
    prompt: str
    version: int
    model: str
    finish_reason: Literal["stop", "length", "content_filter"]
    usage: Usage
    cost_usd: str | None
    cache: Cache


class Start(TypedDict):
    """What a stream tells first."""

    id: str
    prompt: str
    version: int
    model: str


class Delta(TypedDict):
    """A piece of the answer's text."""

    text: str
