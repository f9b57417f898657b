"""The events of a stream, typed."""

import json
from typing import Generic, Literal, TypeVar, cast

from ._sse import ServerSentEvent
from ._wire import Head, problem_event, unexpected
from .errors import UnexpectedResponseError
from .types import Delta, Start

A = TypeVar("A")
"""The answer of a prompt, as its event `done` has it."""


class StartEvent:
    """The run has begun. `data` tells which: id, prompt, version, model."""

    __slots__ = ("data",)
    type: Literal["start"] = "start"

    def __init__(self, data: Start) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"StartEvent({self.data!r})"


class DeltaEvent:
    """A piece of the answer. `text` is it."""

    __slots__ = ("data",)
    type: Literal["delta"] = "delta"

    def __init__(self, data: Delta) -> None:
        self.data = data

    @property
    def text(self) -> str:
        return self.data["text"]

    def __repr__(self) -> str:
        return f"DeltaEvent({self.data!r})"


class DoneEvent(Generic[A]):
    """The run has ended. `data`, and `answer`, is all that a call without a stream answers."""

    __slots__ = ("data",)
    type: Literal["done"] = "done"

    def __init__(self, data: A) -> None:
        self.data = data

    @property
    def answer(self) -> A:
        return self.data

    def __repr__(self) -> str:
        return f"DoneEvent({self.data!r})"


class UnknownEvent:
    """An event that this package does not know. `name` is None where it has none; `data` is text."""

    __slots__ = ("data", "name")
    type: Literal["unknown"] = "unknown"

    def __init__(self, name: str | None, data: str) -> None:
        self.name = name
        self.data = data

    def __repr__(self) -> str:
        return f"UnknownEvent({self.name!r}, {self.data!r})"


Event = StartEvent | DeltaEvent | DoneEvent[A] | UnknownEvent


def read_event(event: ServerSentEvent, head: Head) -> Event[dict[str, object]]:
    """The event; raises APIError for `error`, UnexpectedResponseError for data that is no such event's."""
    if event.event == "error":
        raise problem_event(head, event.data)
    if event.event not in ("start", "delta", "done"):
        return UnknownEvent(event.event, event.data)
    data = _object(event, head)
    if event.event == "start":
        return StartEvent(cast("Start", data))
    if event.event == "delta":
        if not isinstance(data.get("text"), str):
            raise _unfit(event, head)
        return DeltaEvent(cast("Delta", data))
    if not isinstance(data.get("output"), dict):
        raise _unfit(event, head)
    return DoneEvent(data)


def _object(event: ServerSentEvent, head: Head) -> dict[str, object]:
    try:
        data = cast("object", json.loads(event.data))
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise _unfit(event, head)
    return cast("dict[str, object]", data)


def _unfit(event: ServerSentEvent, head: Head) -> UnexpectedResponseError:
    return unexpected(
        head, event.data.encode(), f"the data of its event {event.event} is not as it should be"
    )
