"""What callers get of streams, whole and broken ones, through every HTTP library."""

import asyncio
import json
import threading
import time
from typing import Any

import pytest

from tests.conformance.case import Answer, When
from tests.generators.sdk.answers import (
    DONE,
    START,
    STREAM,
    WHOLE,
    broken,
    busy,
    deltas,
    frame,
    problem,
    stream,
)
from tests.generators.sdk.python.stage import Stage, wait_for_call


class EnoughError(Exception):
    """Raised by a caller amid a stream."""


def raise_enough(stream: Any, event: Any) -> None:
    raise EnoughError


def test_a_stream_gives_each_event_typed(stage: Stage) -> None:
    news = b"event: news\nid: 7\ndata: {\ndata: }\n\n"
    steps = [frame("start", START), b": ping\n\n", news, b"data: bare\n\n", *deltas("Hello ", "Ada"), DONE]
    seen = stage.stream(stream(*steps))
    start, named, bare, first, second, done = seen.events
    assert [event.type for event in seen.events] == ["start", "unknown", "unknown", "delta", "delta", "done"]
    assert (start.data, first.text, second.data) == (START, "Hello ", {"text": "Ada"})
    assert (named.name, named.data, bare.name, bare.data) == ("news", "{\n}", None, "bare")
    assert done.answer == done.data == WHOLE
    assert repr(first) == "DeltaEvent({'text': 'Hello '})"
    (call,) = seen.script.calls
    assert json.loads(call.body) == {"variables": {"name": "Ada"}, "version": 0, "stream": True}
    assert call.headers["accept"] == "text/event-stream"


def test_the_whole_answer_of_a_stream_can_be_had_at_once(stage: Stage) -> None:
    answer = stream(*deltas("Hello"), DONE)
    assert stage.play(answer, use=lambda client: client.greet.stream(name="Ada").answer()).value == WHOLE


def test_the_answer_can_be_had_after_the_events(stage: Stage) -> None:
    seen = stage.stream(stream(*deltas("Hello"), DONE))
    assert stage.outcome(seen.value.answer()) == WHOLE
    assert seen.value.partial == "Hello"


def test_a_stream_that_was_left_has_no_answer(stage: Stage) -> None:
    seen = stage.stream(stream(*deltas("Hello"), end="hang"), at=lambda stream, event: True)
    with pytest.raises(stage.package.StreamTruncatedError) as caught:
        stage.outcome(seen.value.answer())
    assert caught.value.partial == "Hello"


@pytest.mark.parametrize("end", ["reset", "truncate", "complete"])
def test_a_stream_that_ends_early_gives_what_it_had(stage: Stage, end: str) -> None:
    steps = [frame("start", START), *deltas("Hello ", "A"), b'event: done\ndata: {"id":']
    seen = stage.stream(stream(*steps, end=end), stream(DONE))
    assert type(seen.error) is stage.package.StreamTruncatedError
    assert isinstance(seen.error, stage.package.APIConnectionError)
    assert (seen.texts, seen.error.partial) == (["Hello ", "A"], "Hello A")
    assert len(seen.script.calls) == 1


def test_a_stream_that_falls_silent_is_given_up(stage: Stage) -> None:
    seen = stage.stream(stream(*deltas("Hello"), end="hang"), idle_timeout=0.2)
    assert type(seen.error) is stage.package.APITimeoutError
    assert (seen.error.partial, len(seen.script.calls)) == ("Hello", 1)
    assert seen.script.wait_for_abort()


@pytest.mark.parametrize("idle_timeout", [20, None])
@pytest.mark.parametrize("headers", [STREAM, {**STREAM, "connection": "close"}])
def test_a_stream_may_be_silent_for_longer_than_an_attempt(
    stage: Stage, idle_timeout: float | None, headers: dict[str, str]
) -> None:
    def go_on_later(stream: Any, event: Any) -> None:
        if event.type == "start":
            threading.Timer(0.8, stage.script.client_received, [b"now"]).start()

    steps: list[bytes | When] = [frame("start", START), When(b"now"), *deltas("Hello"), DONE]
    answer = Answer(200, headers, steps, streamed=True)
    seen = stage.stream(answer, at=go_on_later, timeout=0.5, idle_timeout=idle_timeout)
    assert (seen.raised, [event.type for event in seen.events]) == (None, ["start", "delta", "done"])


def test_a_stream_that_may_be_silent_for_longer_than_an_attempt_is_given_up_in_the_end(stage: Stage) -> None:
    seen = stage.stream(stream(*deltas("Hello"), end="hang"), timeout=0.5, idle_timeout=0.8)
    assert type(seen.error) is stage.package.APITimeoutError
    assert (seen.texts, len(seen.script.calls)) == (["Hello"], 1)
    assert seen.script.wait_for_abort()


def test_a_stream_ends_with_its_deadline(stage: Stage) -> None:
    seen = stage.stream(stream(*deltas("Hello"), end="hang"), deadline=0.3)
    assert type(seen.error) is stage.package.APITimeoutError
    assert seen.error.partial == "Hello"
    assert seen.script.wait_for_abort()


def test_a_stream_is_tried_again_before_it_begins(stage: Stage) -> None:
    seen = stage.stream(busy(), stream(*deltas("Hi"), DONE))
    assert seen.texts == ["Hi"]
    assert seen.has_one_effect(attempts=2)


def test_a_problem_amid_a_stream_is_that_problem(stage: Stage) -> None:
    steps = [*deltas("Hel"), frame("error", problem("provider_timeout", 504))]
    seen = stage.stream(stream(*steps), stream(DONE))
    assert type(seen.error) is stage.package.ProviderTimeoutError
    assert (seen.error.status_code, seen.error.code) == (504, "provider_timeout")
    assert (seen.error.request_id, seen.error.attempts, seen.texts) == ("req_1", 1, ["Hel"])
    assert len(seen.script.calls) == 1


@pytest.mark.parametrize(
    "event",
    [
        b"event: delta\ndata: {\n\n",
        b'event: delta\ndata: {"text":1}\n\n',
        b"event: start\ndata: []\n\n",
        b"event: done\ndata\n\n",
        frame("done", {}),
    ],
)
def test_an_event_that_cannot_be_read_is_an_error(stage: Stage, event: bytes) -> None:
    seen = stage.stream(stream(*deltas("Hel"), event))
    assert type(seen.error) is stage.package.UnexpectedResponseError
    assert (seen.error.status_code, seen.texts) == (200, ["Hel"])


def test_an_event_beyond_the_limit_is_an_error(stage: Stage) -> None:
    answer = stream(*deltas("Hello"), b"data: ", b"x" * 2000, end="hang")
    seen = stage.stream(answer, client={"max_event_bytes": 1000})
    assert type(seen.error) is stage.package.EventTooLargeError
    assert seen.texts == ["Hello"]
    assert seen.script.wait_for_abort()


def test_what_follows_the_last_event_is_passed_over(stage: Stage) -> None:
    after = [*deltas("late"), frame("error", problem("internal", 500)), DONE]
    seen = stage.stream(stream(*deltas("Hi"), DONE, *after))
    assert [event.type for event in seen.events] == ["delta", "done"]


def test_a_server_that_keeps_a_finished_stream_open_is_left(stage: Stage) -> None:
    seen = stage.stream(stream(*deltas("Hi"), DONE, end="hang"))
    assert [event.type for event in seen.events] == ["delta", "done"]
    assert seen.script.wait_for_abort()


def test_a_stream_that_is_left_closes_its_connection(stage: Stage) -> None:
    seen = stage.stream(stream(*deltas("Hello"), end="hang"), at=lambda stream, event: True)
    assert (seen.raised, seen.texts) == (None, ["Hello"])
    assert seen.script.wait_for_abort()


def test_an_error_of_the_callers_closes_the_connection(stage: Stage) -> None:
    seen = stage.stream(stream(*deltas("Hello"), end="hang"), at=raise_enough)
    assert type(seen.error) is EnoughError
    assert seen.script.wait_for_abort()


def test_a_stream_can_be_closed_by_hand(stage: Stage) -> None:
    def close(stream: Any, event: Any) -> Any:
        return stream.aclose() if stage.variant.is_async else stream.close()

    seen = stage.stream(stream(*deltas("Hello", "Ada"), end="hang"), at=close)
    assert (seen.raised, seen.texts) == (None, ["Hello"])
    assert seen.script.wait_for_abort()


@pytest.mark.parametrize("delay_s", [0, 0.0005, 0.001, 0.002, 0.05])
def test_a_stream_that_is_closed_from_elsewhere_ends_at_once(stage: Stage, delay_s: float) -> None:
    """By another thread, or another task, while it waits for an event or is about to."""

    def close_soon(stream: Any, event: Any) -> None:
        if stage.variant.is_async:
            asyncio.get_running_loop().call_later(delay_s, lambda: tasks.append(closing(stream)))
        else:
            threading.Timer(delay_s, stream.close).start()

    def closing(stream: Any) -> "asyncio.Task[None]":
        return asyncio.ensure_future(stream.aclose())

    tasks: list[asyncio.Task[None]] = []
    for _ in range(10):
        begun = time.monotonic()
        seen = stage.stream(stream(*deltas("Hello"), end="hang"), at=close_soon)
        assert (seen.raised, seen.texts) == (None, ["Hello"])
        assert time.monotonic() - begun < 10
        assert seen.script.wait_for_abort()


def test_a_stream_without_a_block_closes_its_connection_when_it_is_left(stage: Stage) -> None:
    async def leave_awaited(opened: Any) -> None:
        events = opened.__aiter__()
        await events.__anext__()
        await events.aclose()

    def use(client: Any) -> Any:
        opened = client.greet.stream(name="Ada")
        if stage.variant.is_async:
            return leave_awaited(opened)
        for _ in opened:
            break
        return None

    seen = stage.play(stream(*deltas("Hello"), end="hang"), use=use)
    assert seen.raised is None
    assert seen.script.wait_for_abort()


def test_nothing_is_sent_for_a_stream_that_nobody_reads(stage: Stage) -> None:
    seen = stage.play(stream(DONE), use=lambda client: client.greet.stream(name="Ada") and None)
    assert (seen.raised, seen.script.calls) == (None, [])


@pytest.mark.parametrize("stage", ["httpx2-async", "aiohttp-async"], indirect=True)
@pytest.mark.parametrize("answer", [stream(*deltas("Hello"), end="hang"), stream(end="hang")])
def test_a_stream_that_is_cancelled_closes_its_connection(stage: Stage, answer: Any) -> None:
    async def cancelled(client: Any, script: Any) -> None:
        async def read() -> None:
            async with client.greet.stream(name="Ada") as opened:
                async for _ in opened:
                    read_one.set()

        read_one = asyncio.Event()
        task = asyncio.create_task(read())
        if answer.steps:
            await read_one.wait()
        await asyncio.to_thread(wait_for_call, script)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    script = stage.server.play([answer])
    with stage.opened([]) as client:
        stage.outcome(cancelled(client, script))
    assert script.wait_for_abort()


@pytest.mark.parametrize("stage", ["httpx2-async", "aiohttp-async"], indirect=True)
def test_a_call_that_is_cancelled_is_not_sent_again(stage: Stage) -> None:
    async def cancelled(client: Any, script: Any) -> None:
        task = asyncio.create_task(client.greet(name="Ada"))
        await asyncio.to_thread(wait_for_call, script)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    script = stage.server.play([broken("hang"), broken("hang")])
    with stage.opened([]) as client:
        stage.outcome(cancelled(client, script))
    assert script.wait_for_abort()
    assert len(script.calls) == 1
