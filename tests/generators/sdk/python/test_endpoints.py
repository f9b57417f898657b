"""Generated Python clients call every target's running endpoint: run, stream, error, retry, cancel."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.generators.sdk.endpoints import (
    BUSY,
    HAS_STORE,
    REPORTS_A_CLIENT_THAT_GOES,
    RUNTIMES,
    Endpoint,
    says,
    serving,
    tells,
)
from tests.generators.sdk.python.packages import VARIANTS
from tests.generators.sdk.python.stage import Stage


@dataclass(frozen=True)
class Meeting:
    endpoint: Endpoint
    stage: Stage


# The endpoint in Python is called through every library, the others through one.
PAIRS = [
    pytest.param((name, variant), id=f"{name}-{variant}", marks=pytest.mark.needs(*needs))
    for name, needs in RUNTIMES.items()
    for variant in VARIANTS
    if name == "python" or variant.transport == "httpx2"
]


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Endpoint]]:
    """An endpoint in a runtime, which takes the place of the one before."""
    with ExitStack() as stack:
        up: dict[str, Endpoint] = {}

        def endpoint(name: str) -> Endpoint:
            if name not in up:
                up.clear()
                stack.close()
                up[name] = stack.enter_context(serving(name, tmp_path_factory.mktemp(name)))
            return up[name]

        yield endpoint


@pytest.fixture(scope="module", params=PAIRS)
def meeting(
    request: pytest.FixtureRequest, endpoints: Callable[[str], Endpoint], runner: asyncio.Runner
) -> Iterator[Meeting]:
    name, variant = request.param
    endpoint = endpoints(name)
    stage = Stage(variant, endpoint.upstream, runner, base_url=endpoint.url, api_key=endpoint.key)
    yield Meeting(endpoint, stage)
    stage.close()


def test_a_prompt_runs(meeting: Meeting) -> None:
    seen = meeting.stage.play(says("Hello Ada"), use=lambda client: client.greet.raw(name="Ada"))
    answer = seen.value.parse()
    assert (seen.value.status_code, seen.value.attempts) == (200, 1)
    assert seen.value.request_id.startswith("req_")
    assert (answer["prompt"], answer["version"], answer["finish_reason"]) == ("greet", 0, "stop")
    assert answer["model"] == "openai/gpt-5.4-mini"
    assert answer["output"] == {"type": "text", "text": "Hello Ada"}
    assert answer["usage"] == {"input_tokens": 8, "output_tokens": 4, "cached_tokens": 0}
    assert meeting.stage.run(says("Hello Ada")).value["output"] == answer["output"]


def test_a_prompt_that_promises_json_gives_it(meeting: Meeting) -> None:
    seen = meeting.stage.play(says('{"label":"work"}'), use=lambda client: client.sort_mail(mail="Lunch?"))
    assert seen.value["output"]["json"] == {"label": "work"}


def test_a_prompt_streams(meeting: Meeting) -> None:
    seen = meeting.stage.stream(tells("Hello ", "Ada"))
    assert [event.type for event in seen.events] == ["start", "delta", "delta", "done"]
    assert (seen.texts, seen.events[0].data["prompt"]) == (["Hello ", "Ada"], "greet")
    answer = seen.events[-1].answer
    assert (answer["output"]["text"], answer["id"]) == ("Hello Ada", seen.events[0].data["id"])


def test_variables_that_do_not_fit_are_told(meeting: Meeting) -> None:
    for use in (
        lambda client: client.greet(name=3, tone="loud"),
        lambda client: client.greet.stream(name=3, tone="loud").answer(),
    ):
        seen = meeting.stage.play(use=use)
        assert type(seen.error) is meeting.stage.package.InvalidVariablesError
        assert (seen.error.status_code, seen.error.attempts) == (422, 1)
        pointers = [problem["pointer"] for problem in seen.error.errors]
        assert pointers == ["/variables/name", "/variables/tone"]
        assert seen.error.request_id.startswith("req_")
        assert seen.script.calls == []


def test_a_key_that_is_not_known_is_refused(meeting: Meeting) -> None:
    error = meeting.stage.run(client={"api_key": "ps_live_unknown"}).error
    assert type(error) is meeting.stage.package.UnauthorizedError
    assert error.code == "unauthorized"


def test_a_version_that_is_not_there_is_told(meeting: Meeting) -> None:
    error = meeting.stage.run(version=7).error
    assert type(error) is meeting.stage.package.NotFoundError
    assert error.detail == "Prompt greet has no version 7."


def test_a_model_that_is_busy_is_asked_again(meeting: Meeting) -> None:
    # An endpoint asks three times by itself before it gives up.
    seen = meeting.stage.run(BUSY, BUSY, BUSY, says("Hello Ada"))
    assert seen.value["output"]["text"] == "Hello Ada"
    assert (len(seen.script.calls), len(seen.waits)) == (4, 1)


def test_a_model_that_stays_busy_is_told(meeting: Meeting) -> None:
    error = meeting.stage.run(BUSY, BUSY, BUSY, max_retries=0).error
    assert type(error) is meeting.stage.package.ProviderUnavailableError
    assert (error.status_code, error.attempts) == (503, 1)


def test_a_stream_that_breaks_amid_its_text_is_told(meeting: Meeting) -> None:
    seen = meeting.stage.stream(tells("Hel", end="reset"))
    assert type(seen.error) is meeting.stage.package.ProviderError
    assert (seen.error.status_code, seen.texts) == (502, ["Hel"])


def test_who_leaves_a_stream_stops_the_model(meeting: Meeting) -> None:
    seen = meeting.stage.stream(tells("Hel", end="hang"), at=lambda stream, event: event.type == "delta")
    assert (seen.raised, seen.texts) == (None, ["Hel"])
    # workerd notices when it next writes: after 15 s, which are enough once.
    is_again = meeting.endpoint.name == "workerd" and meeting.stage.variant.is_async
    if meeting.endpoint.name in REPORTS_A_CLIENT_THAT_GOES and not is_again:
        assert seen.script.wait_for_abort()


def test_a_call_that_is_sent_twice_is_run_once_where_there_is_a_store(meeting: Meeting) -> None:
    key = f"once-{meeting.stage.variant}"
    script = meeting.endpoint.play(says("Hello Ada"), says("Hello again"))
    with meeting.stage.opened([]) as client:
        first, second = (
            meeting.stage.outcome(client.greet(name="Ada", options={"idempotency_key": key}))
            for _ in range(2)
        )
    is_remembered = meeting.endpoint.name in HAS_STORE
    assert (first == second) is is_remembered
    assert len(script.calls) == (1 if is_remembered else 2)
