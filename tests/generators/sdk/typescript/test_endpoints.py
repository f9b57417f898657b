"""Generated TypeScript clients call every target's running endpoint: run, stream, error, retry, cancel."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import SdkOptions
from promptstudio_generators.write import write
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
from tests.generators.sdk.typescript.hosts import HOSTS, NEEDS, Host, Outcome, start

# Every runtime is called from Node; the endpoint in Python from everywhere.
PAIRS = [
    *(
        pytest.param((name, "node"), id=f"{name}-node", marks=pytest.mark.needs("node", *needs))
        for name, needs in RUNTIMES.items()
    ),
    *(
        pytest.param(("python", host), id=f"python-{host}", marks=pytest.mark.needs(NEEDS[host]))
        for host in HOSTS
        if host != "node"
    ),
]


@dataclass(frozen=True)
class Meeting:
    endpoint: Endpoint
    host: Host

    def ask(self, member: str = "greet", **question: object) -> Outcome:
        variables = {"name": "Ada"} if member == "greet" else {"mail": "Lunch?"}
        options = {"baseUrl": self.endpoint.url, "apiKey": self.endpoint.key}
        asked = {"client": "Acme", "member": member, "variables": variables, "options": options}
        return self.host.perform({**asked, **question})


@pytest.fixture(scope="module", params=PAIRS)
def meeting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meeting]:
    runtime, host = request.param
    folder = tmp_path_factory.mktemp(f"{runtime}-{host}")
    with ExitStack() as stack:
        # A browser's page is of another origin than the endpoint that it calls.
        endpoint = stack.enter_context(serving(runtime, folder / "project", PROMPTSTUDIO_CORS_ORIGINS="*"))
        write(generate_sdk("typescript", endpoint.bundle, SdkOptions(name="acme")), folder / "package")
        page = endpoint.upstream.url
        yield Meeting(endpoint, stack.enter_context(start(host, folder / "package", folder, page)))


def test_a_prompt_runs(meeting: Meeting) -> None:
    script = meeting.endpoint.play(says("Hello Ada"))
    outcome = meeting.ask(how="withResponse")
    answer = outcome["answer"]
    assert (outcome["status"], outcome["attempts"]) == (200, 1)
    assert outcome["requestId"].startswith("req_")
    assert (answer["prompt"], answer["model"], answer["finish_reason"]) == (
        "greet",
        "openai/gpt-5.4-mini",
        "stop",
    )
    assert answer["output"] == {"type": "text", "text": "Hello Ada"}
    assert answer["usage"] == {"input_tokens": 8, "output_tokens": 4, "cached_tokens": 0}
    assert len(script.calls) == 1


def test_a_prompt_that_promises_json_gives_it(meeting: Meeting) -> None:
    meeting.endpoint.play(says('{"label":"work"}'))
    assert meeting.ask("sortMail")["answer"]["output"]["json"] == {"label": "work"}


def test_a_prompt_streams(meeting: Meeting) -> None:
    meeting.endpoint.play(tells("Hello ", "Ada"))
    outcome = meeting.ask(how="stream")
    start_, *deltas, done = outcome["events"]
    assert (start_["type"], start_["prompt"]) == ("start", "greet")
    assert deltas == [{"type": "delta", "text": "Hello "}, {"type": "delta", "text": "Ada"}]
    assert (done["type"], done["answer"]["output"]["text"]) == ("done", "Hello Ada")
    assert done["answer"]["id"] == start_["id"]


def test_variables_that_do_not_fit_are_told(meeting: Meeting) -> None:
    script = meeting.endpoint.play()
    for how in ("run", "stream"):
        error = meeting.ask(how=how, variables={"tone": "loud"})["error"]
        assert (error["name"], error["statusCode"], error["attempts"]) == ("InvalidVariablesError", 422, 1)
        assert [each["pointer"] for each in error["errors"]] == ["/variables/name", "/variables/tone"]
        assert error["requestId"].startswith("req_")
    assert script.calls == []


def test_a_key_that_is_not_known_is_refused(meeting: Meeting) -> None:
    error = meeting.ask(options={"baseUrl": meeting.endpoint.url, "apiKey": "ps_live_unknown"})["error"]
    assert (error["name"], error["statusCode"]) == ("UnauthorizedError", 401)


def test_a_model_that_is_busy_is_asked_again(meeting: Meeting) -> None:
    # An endpoint asks three times by itself before it gives up.
    script = meeting.endpoint.play(BUSY, BUSY, BUSY, says("Hello Ada"))
    outcome = meeting.ask(how="withResponse")
    assert outcome["answer"]["output"]["text"] == "Hello Ada"
    # Not the attempts: local workerd closes a kept connection behind an answer for which it read no body,
    # such as the 401 before, and what is sent on it meanwhile is sent again.
    assert [fields["status"] for message, fields in outcome["log"] if message == "response"] == [503, 200]
    assert len(script.calls) == 4


def test_a_stream_that_breaks_amid_its_text_is_told(meeting: Meeting) -> None:
    meeting.endpoint.play(tells("Hel", end="reset"))
    outcome = meeting.ask(how="stream")
    assert (outcome["error"]["name"], outcome["error"]["statusCode"]) == ("ProviderError", 502)


@pytest.mark.parametrize("deed", ["leave", "abort", "close"])
def test_who_leaves_a_stream_stops_the_model(meeting: Meeting, deed: str) -> None:
    script = meeting.endpoint.play(tells("Hel", end="hang"))
    outcome = meeting.ask(how="stream", at={"event": "delta", "do": deed})
    assert [event["type"] for event in outcome["events"]] == ["start", "delta"]
    assert deed != "abort" or outcome["error"]["message"] == "enough"
    if meeting.endpoint.name in REPORTS_A_CLIENT_THAT_GOES:
        assert script.wait_for_abort()


def test_a_call_that_is_sent_twice_is_run_once_where_there_is_a_store(meeting: Meeting) -> None:
    script = meeting.endpoint.play(says("Hello Ada"), says("Hello again"))
    call = {"idempotencyKey": "once"}
    first, second = meeting.ask(call=call), meeting.ask(call=call)
    has_store = meeting.endpoint.name in HAS_STORE
    assert (first["answer"] == second["answer"]) == has_store
    assert len(script.calls) == (1 if has_store else 2)
