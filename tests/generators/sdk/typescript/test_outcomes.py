"""What callers get of servers that misbehave, and what those are sent: in Node, workerd and a browser."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.conformance.case import Answer
from tests.generators.sdk.answers import (
    JSON,
    PROBLEM,
    WHOLE,
    broken,
    busy,
    problem,
    whole,
)
from tests.generators.sdk.typescript.stage import SOON, Stage, briefly


def test_a_run_sends_what_the_protocol_asks_for_and_nothing_about_itself(stage: Stage) -> None:
    seen = stage.play(whole(WHOLE), how="withResponse", call={"user": "u1", "cache": "bypass"})
    assert seen.outcome["answer"] == WHOLE
    assert (seen.outcome["status"], seen.outcome["attempts"]) == (200, 1)
    (call,) = seen.script.calls
    assert call.path == "/v1/prompts/greet/run"
    expected = {"variables": {"name": "Ada"}, "version": 2, "cache": "bypass", "user": "u1"}
    assert json.loads(call.body) == expected
    assert call.headers["authorization"] == "Bearer ps_live_secret"
    assert call.headers["accept"] == "application/json"
    assert not [name for name in call.headers if name.startswith("x-")]


@pytest.mark.parametrize("end", ["reset", "truncate"])
def test_a_connection_that_fails_before_an_answer_is_tried_again(stage: Stage, end: str) -> None:
    seen = stage.play(broken(end), whole(WHOLE))
    assert seen.outcome["answer"] == WHOLE
    assert seen.has_one_effect(attempts=2)
    # A browser sends a request again by itself, whose connection was of no use.
    assert stage.is_browser or 375 < seen.waits_ms[0] <= 500


def test_a_connection_that_never_works_fails_after_all_attempts(stage: Stage) -> None:
    seen = stage.play(url=stage.server.refused_url, call={"maxRetries": 1})
    assert (seen.error["name"], seen.error["attempts"]) == ("APIConnectionError", 2)
    assert seen.error["cause"] is not None


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
def test_a_failure_that_may_pass_is_tried_again(stage: Stage, status: int) -> None:
    seen = stage.play(briefly(status), whole(WHOLE))
    assert seen.outcome["answer"] == WHOLE
    assert seen.has_one_effect(attempts=2)


def test_attempts_end(stage: Stage) -> None:
    seen = stage.play(*[briefly()] * 4)
    assert seen.has_one_effect(attempts=3)
    assert (seen.error["name"], seen.error["attempts"]) == ("ProviderUnavailableError", 3)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_failure_that_lasts_is_told_at_once(stage: Stage, status: int) -> None:
    seen = stage.play(briefly(status), whole(WHOLE))
    assert seen.error["statusCode"] == status
    assert len(seen.script.calls) == 1


def test_the_server_has_the_last_word_on_attempts(stage: Stage) -> None:
    again = stage.play(busy(400, {"x-should-retry": "true", **SOON}), whole(WHOLE))
    assert again.outcome["answer"] == WHOLE
    never = stage.play(busy(503, {"x-should-retry": "false", **SOON}), whole(WHOLE))
    assert (never.error["statusCode"], len(never.script.calls)) == (503, 1)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry-after-ms": "2.5", "retry-after": "100"}, 2.5, 2.5),
        ({"retry-after-ms": "soon", "retry-after": "0.003"}, 3, 3),
        ({"retry-after": "0"}, 0, 0),
        ({"retry-after": "-1"}, 375, 500),
        ({"retry-after": "NaN"}, 375, 500),
        ({"retry-after": "Infinity"}, 375, 500),
        ({"retry-after": "1e999"}, 375, 500),
        ({"retry-after": "in a while"}, 375, 500),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}, 375, 500),
    ],
)
def test_each_form_of_retry_after_is_read(
    stage: Stage, headers: dict[str, str], least: float, most: float
) -> None:
    seen = stage.play(busy(429, headers), whole(WHOLE))
    assert seen.outcome["answer"] == WHOLE
    assert least <= seen.waits_ms[0] <= most


def test_a_date_to_try_again_at_is_waited_for(stage: Stage) -> None:
    due = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    seen = stage.play(busy(429, {"retry-after": due}), whole(WHOLE))
    assert seen.outcome["answer"] == WHOLE
    assert 0 < seen.waits_ms[0] <= 2000


@pytest.mark.parametrize("headers", [{"retry-after": "121"}, {"retry-after-ms": "120001"}])
def test_a_wait_of_more_than_two_minutes_is_left_to_the_caller(stage: Stage, headers: dict[str, str]) -> None:
    seen = stage.play(whole(problem("rate_limited", 429), 429, {**PROBLEM, **headers}))
    assert seen.error["name"] == "RateLimitError"
    assert seen.error["retryAfter"] > 120
    assert len(seen.script.calls) == 1


def test_a_wait_beyond_the_deadline_is_not_begun(stage: Stage) -> None:
    seen = stage.play(busy(headers={"retry-after": "100"}), call={"deadlineMs": 20_000})
    assert (seen.error["statusCode"], seen.error["retryAfter"]) == (503, 100)
    assert len(seen.script.calls) == 1


def test_a_problem_is_told_in_full(stage: Stage) -> None:
    body: dict[str, object] = {
        **problem("invalid_variables", 422),
        "errors": [{"pointer": "/variables/name", "message": "is required"}, {"pointer": 1}],
    }
    error = stage.play(whole(body, 422, PROBLEM)).error
    assert error["classes"] == ["APIError", "AcmePromptsError", "InvalidVariablesError", "PromptsError"]
    assert error["message"] == "No. (422 invalid_variables req_1)"
    assert (error["statusCode"], error["code"], error["requestId"]) == (422, "invalid_variables", "req_1")
    assert (error["type"], error["attempts"]) == ("urn:promptstudio:error:invalid_variables", 1)
    assert error["errors"] == [{"pointer": "/variables/name", "message": "is required"}]
    assert error["body"] == body


def test_a_proxys_own_failure_is_told_by_its_status(stage: Stage) -> None:
    page = Answer(429, {"content-type": "text/html"}, [b"<h1>Slow down</h1>"], streamed=False)
    error = stage.play(page, call={"maxRetries": 0}).error
    assert (error["name"], error["body"]) == ("RateLimitError", "<h1>Slow down</h1>")


@pytest.mark.parametrize("how", ["run", "stream"])
def test_a_page_with_status_200_is_an_error(stage: Stage, how: str) -> None:
    page = Answer(200, {"content-type": "text/html; charset=utf-8"}, [b"<h1>Hi</h1>"], streamed=False)
    error = stage.play(page, how=how).error
    assert error["name"] == "UnexpectedResponseError"
    assert (error["statusCode"], error["body"], error["attempts"]) == (200, "<h1>Hi</h1>", 1)
    assert "text/html" in error["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"output":1}'])
def test_json_that_is_no_answer_is_an_error(stage: Stage, body: bytes) -> None:
    error = stage.play(Answer(200, JSON, [body], streamed=False)).error
    assert (error["name"], error["statusCode"]) == ("UnexpectedResponseError", 200)
    assert error["body"] == body.decode()


def test_a_redirect_is_not_followed(stage: Stage) -> None:
    there = Answer(307, {"location": f"{stage.server.url}/elsewhere"}, [], streamed=False)
    seen = stage.play(there, whole(WHOLE))
    assert seen.error["name"] == "UnexpectedResponseError"
    assert len(seen.script.calls) == 1


def test_an_answer_that_stalls_before_its_head_is_tried_again(stage: Stage) -> None:
    seen = stage.play(broken("hang"), whole(WHOLE), call={"timeoutMs": 1000})
    assert seen.outcome["answer"] == WHOLE
    assert seen.has_one_effect(attempts=2)


@pytest.mark.parametrize(("end", "name"), [("hang", "APITimeoutError"), ("truncate", "APIConnectionError")])
def test_an_answer_that_breaks_in_its_body_is_not_tried_again(stage: Stage, end: str, name: str) -> None:
    seen = stage.play(whole(WHOLE, end=end), whole(WHOLE), call={"timeoutMs": 1000})
    assert (seen.error["name"], seen.error["attempts"], seen.error["statusCode"]) == (name, 1, 200)
    assert len(seen.script.calls) == 1
    assert end == "truncate" or seen.script.wait_for_abort()


def test_the_deadline_ends_all_attempts(stage: Stage) -> None:
    seen = stage.play(*[broken("hang")] * 3, call={"deadlineMs": 1000})
    assert (seen.error["name"], len(seen.script.calls)) == ("APITimeoutError", 1)
    assert "1000 ms" in seen.error["message"]
    assert seen.script.wait_for_abort()


def test_an_aborted_run_ends_with_the_reason_and_its_connection(stage: Stage) -> None:
    seen = stage.play(whole(WHOLE, end="hang"), at={"event": "response", "do": "abort"})
    assert seen.error["message"] == "enough"
    assert seen.script.wait_for_abort()
    assert len(seen.script.calls) == 1


def test_an_abort_ends_the_wait_between_two_attempts(stage: Stage) -> None:
    seen = stage.play(
        busy(headers={"retry-after": "100"}), whole(WHOLE), at={"event": "retry", "do": "abort"}
    )
    assert seen.error["message"] == "enough"
    assert len(seen.script.calls) == 1


def test_logs_hold_no_secret_and_no_text(stage: Stage) -> None:
    options = {"headers": {"x-team-token": "t0p"}}
    seen = stage.play(briefly(), whole(WHOLE), options=options)
    assert seen.script.calls[0].headers["x-team-token"] == "t0p"
    told = json.dumps(seen.outcome["log"])
    assert [message for message, _ in seen.outcome["log"]] == [
        "request",
        "response",
        "retry",
        "request",
        "response",
    ]
    assert not [secret for secret in ("ps_live_secret", "t0p", "Ada") if secret in told]
