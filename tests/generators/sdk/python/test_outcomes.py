"""What callers get of servers that misbehave, and what those are sent: through every HTTP library."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tests.conformance.case import Answer
from tests.generators.sdk.answers import (
    DONE,
    JSON,
    PROBLEM,
    WHOLE,
    broken,
    busy,
    page,
    problem,
    stream,
    whole,
)
from tests.generators.sdk.python.stage import Stage


def test_a_run_sends_what_the_protocol_asks_for(stage: Stage) -> None:
    seen = stage.run(whole(WHOLE), user="u1", cache="bypass")
    assert seen.value == WHOLE
    (call,) = seen.script.calls
    assert (call.method, call.path) == ("POST", "/v1/prompts/greet/run")
    expected = {"variables": {"name": "Ada"}, "version": 0, "cache": "bypass", "user": "u1"}
    assert json.loads(call.body) == expected
    assert call.headers["authorization"] == "Bearer ps_live_secret"
    assert call.headers["accept"] == "application/json"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["user-agent"].startswith(f"acme-{stage.variant.transport}/0.1.0 ")
    assert not [name for name in call.headers if name.startswith("x-")]


@pytest.mark.parametrize("end", ["reset", "truncate"])
def test_a_connection_that_fails_before_an_answer_is_tried_again(stage: Stage, end: str) -> None:
    seen = stage.run(broken(end), broken(end), whole(WHOLE))
    assert seen.value == WHOLE
    assert seen.has_one_effect(attempts=3)
    assert 0.375 <= seen.waits[0] <= 0.5
    assert 0.75 <= seen.waits[1] <= 1


def test_a_connection_that_never_works_fails_after_all_attempts(stage: Stage) -> None:
    seen = stage.run(client={"base_url": stage.server.refused_url}, max_retries=1)
    assert type(seen.error) is stage.package.APIConnectionError
    assert (seen.error.attempts, len(seen.waits)) == (2, 1)
    assert seen.error.__cause__ is not None


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
def test_a_failure_that_may_pass_is_tried_again(stage: Stage, status: int) -> None:
    seen = stage.run(busy(status), whole(WHOLE))
    assert seen.value == WHOLE
    assert seen.has_one_effect(attempts=2)


def test_attempts_end(stage: Stage) -> None:
    seen = stage.run(*[busy()] * 4)
    assert seen.has_one_effect(attempts=3)
    assert type(seen.error) is stage.package.ProviderUnavailableError
    assert (seen.error.attempts, seen.error.request_id) == (3, "req_1")


def test_attempts_are_as_many_as_the_call_or_the_client_says(stage: Stage) -> None:
    assert len(stage.run(*[busy()] * 2, max_retries=0).script.calls) == 1
    assert len(stage.run(*[busy()] * 5, client={"max_retries": 3}).script.calls) == 4
    assert len(stage.run(*[busy()] * 5, client={"max_retries": 3}, max_retries=1).script.calls) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_failure_that_lasts_is_told_at_once(stage: Stage, status: int) -> None:
    seen = stage.run(busy(status), whole(WHOLE))
    assert seen.error.status_code == status
    assert len(seen.script.calls) == 1


def test_the_server_has_the_last_word_on_attempts(stage: Stage) -> None:
    assert stage.run(busy(400, {"x-should-retry": "true"}), whole(WHOLE)).value == WHOLE
    never = stage.run(busy(503, {"x-should-retry": "false"}), whole(WHOLE))
    assert (never.error.status_code, len(never.script.calls)) == (503, 1)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry-after-ms": "2500.5", "retry-after": "100"}, 2.5005, 2.5005),
        ({"retry-after-ms": "soon", "retry-after": "0.25"}, 0.25, 0.25),
        ({"retry-after": "120"}, 120, 120),
        ({"retry-after": "0"}, 0, 0),
        ({"retry-after": "-1"}, 0.375, 0.5),
        ({"retry-after": "NaN"}, 0.375, 0.5),
        ({"retry-after": "Infinity"}, 0.375, 0.5),
        ({"retry-after": "1e999"}, 0.375, 0.5),
        ({"retry-after": "in a while"}, 0.375, 0.5),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}, 0.375, 0.5),
    ],
)
def test_each_form_of_retry_after_is_waited_for(
    stage: Stage, headers: dict[str, str], least: float, most: float
) -> None:
    seen = stage.run(busy(429, headers), whole(WHOLE))
    assert seen.value == WHOLE
    assert least <= seen.waits[0] <= most


def test_a_date_to_try_again_at_is_waited_for(stage: Stage) -> None:
    due = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    seen = stage.run(busy(429, {"retry-after": due}), whole(WHOLE))
    assert seen.value == WHOLE
    assert 30 < seen.waits[0] <= 60


@pytest.mark.parametrize("headers", [{"retry-after": "120.5"}, {"retry-after-ms": "120001"}])
def test_a_wait_of_more_than_two_minutes_is_left_to_the_caller(stage: Stage, headers: dict[str, str]) -> None:
    seen = stage.run(whole(problem("rate_limited", 429), 429, {**PROBLEM, **headers}))
    assert type(seen.error) is stage.package.RateLimitError
    assert 120 < seen.error.retry_after < 121
    assert len(seen.script.calls) == 1


def test_a_wait_beyond_the_deadline_is_not_begun(stage: Stage) -> None:
    seen = stage.run(busy(headers={"retry-after": "100"}), deadline=20)
    assert (seen.error.status_code, seen.error.retry_after, seen.waits) == (503, 100, [])


def test_a_problem_is_told_in_full(stage: Stage) -> None:
    body: dict[str, object] = {
        **problem("invalid_variables", 422),
        "errors": [{"pointer": "/variables/name", "message": "is required"}],
    }
    error = stage.run(whole(body, 422, PROBLEM)).error
    assert type(error) is stage.package.InvalidVariablesError
    assert str(error) == "No. (422 invalid_variables req_1)"
    assert error.errors == ({"pointer": "/variables/name", "message": "is required"},)
    assert error.body == body
    assert error.headers["x-request-id"] == "req_1"


def test_a_problem_whose_body_breaks_off_is_told_by_its_status(stage: Stage) -> None:
    error = stage.run(whole(problem("rate_limited", 429), 429, PROBLEM, end="truncate"), max_retries=0).error
    assert type(error) is stage.package.RateLimitError
    assert (error.code, error.request_id) == (None, "req_1")


def test_a_proxys_own_failure_is_told_by_its_status(stage: Stage) -> None:
    error = stage.run(page(429), max_retries=0).error
    assert type(error) is stage.package.RateLimitError
    assert error.body == "<h1>Hi</h1>"


def test_a_page_with_status_200_is_an_error(stage: Stage) -> None:
    for error in (stage.run(page(), whole(WHOLE)).error, stage.stream(page(), whole(WHOLE)).error):
        assert type(error) is stage.package.UnexpectedResponseError
        assert (error.status_code, error.body, error.attempts) == (200, "<h1>Hi</h1>", 1)
        assert "text/html" in str(error)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"output":1}', b'{"output":{}}NaN', b"\xff"])
def test_json_that_is_no_answer_is_an_error(stage: Stage, body: bytes) -> None:
    error = stage.run(Answer(200, JSON, [body], streamed=False), whole(WHOLE)).error
    assert type(error) is stage.package.UnexpectedResponseError
    assert error.body == body.decode(errors="replace")


def test_json_that_says_it_is_something_else_is_an_error(stage: Stage) -> None:
    answer = whole(WHOLE, headers={"content-type": "application/problem+json"})
    assert type(stage.run(answer).error) is stage.package.UnexpectedResponseError


def test_json_with_a_charset_is_an_answer(stage: Stage) -> None:
    assert stage.run(whole(WHOLE, headers={"content-type": "Application/JSON; charset=utf-8"})).value == WHOLE


def test_a_redirect_is_not_followed(stage: Stage) -> None:
    there = Answer(307, {"location": f"{stage.server.url}/elsewhere"}, [], streamed=False)
    seen = stage.run(there, whole(WHOLE))
    assert type(seen.error) is stage.package.UnexpectedResponseError
    assert (seen.error.status_code, len(seen.script.calls)) == (307, 1)


def test_an_answer_that_stalls_before_its_head_is_tried_again(stage: Stage) -> None:
    seen = stage.run(broken("hang"), whole(WHOLE), timeout=0.3)
    assert seen.value == WHOLE
    assert seen.has_one_effect(attempts=2)


def test_an_answer_that_never_comes_is_a_timeout(stage: Stage) -> None:
    seen = stage.run(broken("hang"), timeout=0.3, max_retries=0)
    assert type(seen.error) is stage.package.APITimeoutError
    assert seen.script.wait_for_abort()


@pytest.mark.parametrize(("end", "name"), [("hang", "APITimeoutError"), ("truncate", "APIConnectionError")])
def test_an_answer_that_breaks_in_its_body_is_not_tried_again(stage: Stage, end: str, name: str) -> None:
    seen = stage.run(whole(WHOLE, end=end), whole(WHOLE), timeout=0.4)
    assert type(seen.error).__name__ == name
    assert (seen.error.attempts, len(seen.script.calls)) == (1, 1)
    assert end == "truncate" or seen.script.wait_for_abort()


@pytest.mark.parametrize("limit", [None, float("inf"), 1e300])
def test_a_limit_that_is_none_is_no_limit(stage: Stage, limit: float | None) -> None:
    limits = dict.fromkeys(("timeout", "connect_timeout", "idle_timeout", "deadline"), limit)
    assert stage.run(whole(WHOLE), **limits).value == WHOLE
    assert stage.stream(stream(DONE), **limits).value.partial == ""


def test_the_deadline_ends_all_attempts(stage: Stage) -> None:
    seen = stage.run(broken("hang"), broken("hang"), timeout=100, deadline=0.3)
    assert type(seen.error) is stage.package.APITimeoutError
    assert len(seen.script.calls) == 1


def test_a_raw_answer_has_status_headers_and_bytes(stage: Stage) -> None:
    answer = whole(WHOLE, headers={**JSON, "X-Request-Id": "req_2"})
    seen = stage.play(busy(), answer, use=lambda client: client.greet.raw(name="Ada"))
    assert (seen.value.status_code, seen.value.request_id, seen.value.attempts) == (200, "req_2", 2)
    assert seen.value.headers["x-request-id"] == "req_2"
    assert json.loads(seen.value.content) == seen.value.parse() == WHOLE


def test_a_raw_answer_that_is_none_fails_when_it_is_parsed(stage: Stage) -> None:
    seen = stage.play(page(), use=lambda client: client.greet.raw(name="Ada"))
    assert seen.value.content == b"<h1>Hi</h1>"
    with pytest.raises(stage.package.UnexpectedResponseError):
        seen.value.parse()


def test_options_of_a_call_go_before_the_clients(stage: Stage) -> None:
    seen = stage.run(
        whole(WHOLE),
        client={"headers": {"X-Team": "a", "X-Region": "eu", "Accept": "*/*"}},
        headers={"x-team": "b", "Content-Type": "text/plain"},
        idempotency_key="mine",
        label="staging",
        messages=[{"role": "user", "content": "Hi"}],
        metadata={"trace": 1},
    )
    (call,) = seen.script.calls
    assert (call.headers["x-team"], call.headers["x-region"]) == ("b", "eu")
    assert (call.headers["accept"], call.headers["content-type"]) == ("application/json", "application/json")
    assert call.headers["idempotency-key"] == "mine"
    assert json.loads(call.body) == {
        "variables": {"name": "Ada"},
        "label": "staging",
        "messages": [{"role": "user", "content": "Hi"}],
        "metadata": {"trace": 1},
    }


@pytest.mark.parametrize(
    "options",
    [
        {"timeuot": 1},
        {"timeout": 0},
        {"deadline": -1},
        {"idle_timeout": float("nan")},
        {"max_retries": -1},
        {"headers": {"X-A": "b\r\nc: d"}},
        {"idempotency_key": "a\nb"},
    ],
)
def test_an_option_that_cannot_be_used_is_refused_before_anything_is_sent(
    stage: Stage, options: dict[str, Any]
) -> None:
    seen = stage.run(whole(WHOLE), **options)
    assert type(seen.error) is stage.package.ConfigurationError
    assert seen.script.calls == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}, "\ud800"])
def test_a_value_that_json_lacks_is_refused_before_anything_is_sent(stage: Stage, value: object) -> None:
    seen = stage.play(whole(WHOLE), use=lambda client: client.greet(name=value))
    assert isinstance(seen.error, (TypeError, ValueError))
    assert seen.script.calls == []


def test_with_options_is_the_same_client_with_others(stage: Stage) -> None:
    script = stage.server.play([busy(), whole(WHOLE)])
    with stage.opened([]) as client:
        other = client.with_options(max_retries=0, headers={"X-Team": "b"}, timeout=None, deadline=30)
        assert type(other) is type(client)
        with pytest.raises(stage.package.UnavailableError):
            stage.outcome(other.greet(name="Ada"))
        stage.close(other)
        assert stage.outcome(client.greet(name="Ada")) == WHOLE
    assert [call.headers.get("x-team") for call in script.calls] == ["b", None]
