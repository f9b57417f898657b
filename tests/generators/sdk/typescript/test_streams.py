"""What callers get of streams, whole and broken ones: in Node, workerd and a browser."""

import json

import pytest

from tests.generators.sdk.answers import (
    DONE,
    START,
    WHOLE,
    deltas,
    frame,
    problem,
    stream,
)
from tests.generators.sdk.typescript.stage import Stage, briefly


def test_a_stream_gives_each_event_typed(stage: Stage) -> None:
    news = b"event: news\nid: 7\ndata: {\ndata: }\n\n"
    steps = [frame("start", START), b": ping\n\n", news, *deltas("Hello ", "Ada"), DONE]
    seen = stage.play(stream(*steps), how="stream")
    assert seen.outcome["events"] == [
        {"type": "start", **START},
        {"type": "unknown", "name": "news", "data": "{\n}"},
        {"type": "delta", "text": "Hello "},
        {"type": "delta", "text": "Ada"},
        {"type": "done", "answer": WHOLE},
    ]
    (call,) = seen.script.calls
    assert json.loads(call.body)["stream"] is True
    assert call.headers["accept"] == "text/event-stream"


def test_the_whole_answer_of_a_stream_can_be_had_at_once(stage: Stage) -> None:
    assert stage.play(stream(*deltas("Hello"), DONE), how="answer").outcome["answer"] == WHOLE


@pytest.mark.parametrize("end", ["reset", "truncate", "complete"])
def test_a_stream_that_ends_early_gives_what_it_had(stage: Stage, end: str) -> None:
    steps = [frame("start", START), *deltas("Hello ", "A"), b'event: done\ndata: {"id":']
    seen = stage.play(stream(*steps, end=end), stream(DONE), how="stream")
    assert seen.error["name"] == "StreamTruncatedError"
    assert "APIConnectionError" in seen.error["classes"]
    assert seen.error["partial"] == "".join(seen.texts)
    # A browser drops what its page had not read when the connection failed.
    assert stage.is_browser or seen.texts == ["Hello ", "A"]
    assert len(seen.script.calls) == 1


def test_a_stream_that_falls_silent_is_given_up(stage: Stage) -> None:
    answer = stream(*deltas("Hello"), end="hang")
    seen = stage.play(answer, how="stream", call={"idleTimeoutMs": 1000})
    assert (seen.error["name"], seen.error["partial"]) == ("APITimeoutError", "Hello")
    assert seen.script.wait_for_abort()
    assert len(seen.script.calls) == 1


def test_a_stream_may_take_longer_than_an_attempt(stage: Stage) -> None:
    answer = stream(*deltas("Hello"), end="hang")
    seen = stage.play(answer, how="stream", call={"timeoutMs": 1000, "idleTimeoutMs": 1500})
    assert "1500 ms" in seen.error["message"]


def test_a_stream_ends_with_its_deadline(stage: Stage) -> None:
    answer = stream(*deltas("Hello"), end="hang")
    seen = stage.play(answer, how="stream", call={"deadlineMs": 1500})
    assert (seen.error["name"], seen.error["partial"]) == ("APITimeoutError", "Hello")
    assert "1500 ms" in seen.error["message"]


def test_a_stream_is_tried_again_before_it_begins(stage: Stage) -> None:
    seen = stage.play(briefly(), stream(*deltas("Hi"), DONE), how="stream")
    assert seen.texts == ["Hi"]
    assert seen.has_one_effect(attempts=2)


def test_a_problem_amid_a_stream_is_that_problem(stage: Stage) -> None:
    steps = [*deltas("Hel"), frame("error", problem("provider_timeout", 504))]
    error = stage.play(stream(*steps), how="stream").error
    assert (error["name"], error["statusCode"], error["code"]) == (
        "ProviderTimeoutError",
        504,
        "provider_timeout",
    )
    assert (error["requestId"], error["attempts"]) == ("req_1", 1)


def test_a_problem_that_nobody_knows_is_an_error_all_the_same(stage: Stage) -> None:
    error = stage.play(stream(frame("error", "?")), how="stream").error
    assert error["name"] == "APIError"
    assert error["body"] == "?"


@pytest.mark.parametrize(
    "event", [b"event: delta\ndata: {\n\n", b"event: start\ndata: []\n\n", frame("done", {})]
)
def test_an_event_that_cannot_be_read_is_an_error(stage: Stage, event: bytes) -> None:
    error = stage.play(stream(*deltas("Hel"), event), how="stream").error
    assert (error["name"], error["statusCode"]) == ("UnexpectedResponseError", 200)


def test_an_event_beyond_the_limit_is_an_error(stage: Stage) -> None:
    answer = stream(*deltas("Hello"), b"data: ", b"x" * 2000, end="hang")
    seen = stage.play(answer, how="stream", options={"maxEventBytes": 1000})
    assert seen.error["name"] == "EventTooLargeError"
    assert seen.texts == ["Hello"]
    assert seen.script.wait_for_abort()


def test_what_follows_the_last_event_is_passed_over(stage: Stage) -> None:
    after = [*deltas("late"), frame("error", problem("internal", 500)), DONE]
    seen = stage.play(stream(*deltas("Hi"), DONE, *after), how="stream")
    assert [event["type"] for event in seen.outcome["events"]] == ["delta", "done"]
    assert seen.outcome["ended"]


def test_a_server_that_keeps_a_finished_stream_open_is_left(stage: Stage) -> None:
    seen = stage.play(stream(*deltas("Hi"), DONE, end="hang"), how="stream")
    assert seen.outcome["ended"]
    assert seen.script.wait_for_abort()


@pytest.mark.parametrize("deed", ["leave", "close"])
def test_a_stream_that_is_left_closes_its_connection(stage: Stage, deed: str) -> None:
    answer = stream(*deltas("Hello"), end="hang")
    seen = stage.play(answer, how="stream", at={"event": "delta", "do": deed})
    assert seen.outcome["ended"]
    assert seen.script.wait_for_abort()


def test_an_aborted_stream_ends_with_the_reason_and_its_connection(stage: Stage) -> None:
    answer = stream(*deltas("Hello"), end="hang")
    seen = stage.play(answer, how="stream", at={"event": "delta", "do": "abort"})
    assert (seen.error["message"], seen.error["classes"]) == ("enough", [])
    assert seen.script.wait_for_abort()
