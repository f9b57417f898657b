"""Attempts and waits, through a transport that is told what to do: what no server can be made to show."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from promptstudio_generators.runtime.sdk.python import errors
from promptstudio_generators.runtime.sdk.python._config import Timeouts, configure
from promptstudio_generators.runtime.sdk.python._sync_engine import Engine
from promptstudio_generators.runtime.sdk.python._transport import (
    Request,
    TransportError,
    TransportTimeoutError,
)
from promptstudio_generators.runtime.sdk.python._wire import Call, Pin, prepare
from promptstudio_generators.runtime.sdk.python.types import NOT_GIVEN, RequestOptions

NOW = 1_790_000_000.0


@dataclass
class Response:
    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes | TransportError]
    log: list[str]

    def chunk(self, within: float | None) -> bytes:
        given = next(self.chunks, b"")
        if isinstance(given, TransportError):
            raise given
        return given

    def close(self) -> None:
        self.log.append("close")


@dataclass
class Transport:
    """Answers one after the other, or raises; notes what it is told."""

    outcomes: list[tuple[int, dict[str, str], list[bytes | TransportError]] | TransportError]
    log: list[str] = field(default_factory=list)
    limits: list[tuple[float | None, float | None]] = field(default_factory=list)

    def send(self, request: Request, *, connect: float | None, within: float | None) -> Response:
        self.log.append("send")
        self.limits.append((connect, within))
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, TransportError):
            raise outcome
        status, headers, chunks = outcome
        return Response(status, headers, iter(chunks), self.log)

    def sleep(self, seconds: float) -> None:
        self.log.append(f"sleep {seconds:g}")

    def close(self) -> None:
        self.log.append("close all")


def call_of(options: RequestOptions | None = None, **timeouts: float | None) -> Call:
    config = configure(
        api_key="k",
        base_url="https://prompts.acme.example/",
        timeouts=Timeouts(**timeouts),
        max_retries=2,
        headers=None,
    )
    return prepare(config, Pin("greet", 3), {"name": "Ada", "tone": NOT_GIVEN}, options)


def engine_of(transport: Transport, jitter: tuple[float, ...] = (0.0,)) -> Engine:
    numbers = iter(jitter * 9)
    config = configure(
        api_key=None, base_url="https://a.example", timeouts=Timeouts(), max_retries=2, headers=None
    )
    return Engine(config, transport, jitter=lambda: next(numbers), now=lambda: NOW)


def test_a_failed_answer_is_closed_before_anybody_waits() -> None:
    transport = Transport([(503, {}, []), (429, {"retry-after": "7"}, []), (200, {}, [])])
    exchange = engine_of(transport).send(call_of())
    assert transport.log == ["send", "close", "sleep 0.5", "send", "close", "sleep 7", "send"]
    assert exchange.head.attempts == 3


def test_waits_double_less_what_chance_takes_off() -> None:
    transport = Transport([TransportError("no"), TransportError("no"), TransportError("no")])
    with pytest.raises(errors.APIConnectionError) as caught:
        engine_of(transport, (0.0, 0.8)).send(call_of())
    assert transport.log == ["send", "sleep 0.5", "send", "sleep 0.8", "send"]
    assert (caught.value.attempts, str(caught.value)) == (3, "no")


def test_a_date_is_waited_for_by_the_clock_that_is_given() -> None:
    headers = {"retry-after": "Mon, 21 Sep 2026 14:14:20 GMT"}
    transport = Transport([(429, headers, []), (200, {}, [])])
    engine_of(transport).send(call_of())
    assert transport.log == ["send", "close", "sleep 60", "send"]


def test_what_is_no_error_of_a_transport_is_not_tried_again() -> None:
    class Broken(Transport):
        def send(self, request: Request, *, connect: float | None, within: float | None) -> Response:
            super().send(request, connect=connect, within=within)
            raise KeyboardInterrupt

    transport = Broken([(200, {}, [])])
    with pytest.raises(KeyboardInterrupt):
        engine_of(transport).send(call_of())
    assert transport.log == ["send"]


def test_limits_are_the_shorter_of_the_attempts_and_the_calls() -> None:
    transport = Transport([(200, {}, [])] * 3)
    engine_of(transport).send(call_of(attempt=30, connect=10, deadline=None))
    engine_of(transport).send(call_of(attempt=5, connect=10, deadline=100))
    engine_of(transport).send(call_of(attempt=None, connect=10, deadline=50))
    (first, second, third) = transport.limits
    assert first == (10, 30)
    assert second == (5, 5)
    assert third[0] == 10
    assert third[1] is not None
    assert 49 < third[1] <= 50


def test_an_attempt_is_not_begun_when_the_time_is_over() -> None:
    transport = Transport([TransportTimeoutError("late")])
    with pytest.raises(errors.APITimeoutError):
        engine_of(transport).send(call_of(deadline=1e-9))
    assert transport.log == []


def test_an_answer_beyond_the_bound_is_refused() -> None:
    exchange = engine_of(Transport([(200, {}, [b"12345", b"67890", b"x"])])).send(call_of())
    with pytest.raises(errors.UnexpectedResponseError, match="longer than 10 bytes"):
        exchange.content(10)
    exchange = engine_of(Transport([(200, {}, [b"12345", b"67890"])])).send(call_of())
    assert exchange.content(10) == b"1234567890"


def test_a_problem_beyond_the_bound_is_told_by_its_status() -> None:
    huge: list[bytes | TransportError] = [b"x" * 1024 * 1024, b"x"]
    with pytest.raises(errors.NotFoundError) as caught:
        engine_of(Transport([(404, {}, huge)])).send(call_of())
    assert caught.value.body == ""


def test_the_soon_awaited_end_of_a_stream_may_fail() -> None:
    exchange = engine_of(Transport([(200, {}, [TransportError("no")])])).send(call_of())
    assert exchange.chunk_within(0.1) == b""


def test_a_call_names_its_version_and_leaves_out_what_is_not_given() -> None:
    call = call_of()
    assert call.request.body == b'{"variables":{"name":"Ada"},"version":3}'
    assert call.request.url == "https://prompts.acme.example/v1/prompts/greet/run"
    assert call_of({"version": 4}).request.body == b'{"variables":{"name":"Ada"},"version":4}'
    assert call_of({"label": "b"}).request.body == b'{"variables":{"name":"Ada"},"label":"b"}'


def test_values_of_other_kinds_of_sequences_and_mappings_are_sent_as_json() -> None:
    from collections import UserDict, UserList

    config = configure(api_key=None, base_url="http://a", timeouts=Timeouts(), max_retries=0, headers=None)
    variables = {"a": UserList(["é", ("b",)]), "b": UserDict({"c": range(2)})}
    body = prepare(config, Pin("greet"), variables, None).request.body
    assert body == '{"variables":{"a":["é",["b"]],"b":{"c":[0,1]}}}'.encode()
