"""What is kept of webhooks: who is told of events, the events, and what came of each delivery."""

from enum import StrEnum
from typing import Final

from pydantic import Field, JsonValue

from promptstudio.storage.records import Record, optional

ENDPOINTS_MAX: Final = 8  # a fan-out is one transaction: two writes for each, and two besides
ATTEMPTS_KEPT: Final = 20


class DisabledFor(StrEnum):
    """Why an endpoint is no longer called."""

    gone = "gone"
    failing = "failing"
    person = "person"


class SigningSecret(Record):
    """A secret, sealed. With `ends_at` (seconds since 1970) it has a successor, and signs until then."""

    sealed: str = Field(repr=False)
    ends_at: float | None = None


class Endpoint(Record):
    """A URL that is told of events. Without `events` it is told of all.

    `failing_since`, in seconds since 1970, is when the first attempt failed since the last that succeeded.
    """

    id: str
    url: str
    events: tuple[str, ...] = ()
    description: str = ""
    secrets: tuple[SigningSecret, ...] = Field(repr=False)
    disabled: DisabledFor | None = None
    failing_since: float | None = None
    created_at: str
    created_by: str

    def wants(self, kind: str) -> bool:
        """Whether it is told of events of this type."""
        return self.disabled is None and (not self.events or kind in self.events)

    def live(self, now: float) -> list[SigningSecret]:
        """The secrets that sign at this moment, the newest first."""
        return [each for each in self.secrets if each.ends_at is None or each.ends_at > now]


class Event(Record):
    """Something that happened in a workspace. `at` is RFC 3339."""

    id: str
    type: str
    at: str
    data: dict[str, JsonValue]


class State(StrEnum):
    """How far a delivery is. A dead one is tried again only where somebody asks for it."""

    pending = "pending"
    delivered = "delivered"
    dead = "dead"


class Attempt(Record):
    """One request. Either `status` is what it was answered with or `error` says why there was no answer."""

    at: str
    status: int | None = optional()
    error: str | None = optional()
    duration_ms: int
    body: str = ""


class Delivery(Record):
    """An event on its way to an endpoint. `tries` are those since it began, or was asked for again."""

    id: str
    endpoint: str
    event: str
    type: str
    state: State = State.pending
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()
    created_at: str
    next_at: str | None = optional()
