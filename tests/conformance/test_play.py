"""The player: what it waits for before a case with limits, and how it sends requests."""

from collections.abc import Iterator

import pytest

from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.file import Source
from promptstudio.prompts.project_settings import ProjectSettings
from tests.conformance.case import Answer, Request, When
from tests.conformance.case_file import load
from tests.conformance.conftest import CASES, tools
from tests.conformance.play import have_room, send_all, windows_s
from tests.conformance.runtimes import Address
from tests.conformance.upstream import ScriptedUpstream

MIDNIGHT = 1_800_057_600.0
assert MIDNIGHT % 86400 == 0


@pytest.mark.parametrize("windows", [(), (60,), (3600, 86400), (60, 3600, 86400)])
def test_a_case_begins_at_once_far_from_the_ends_of_its_windows(windows: tuple[int, ...]) -> None:
    assert have_room(windows, MIDNIGHT + 7230)


@pytest.mark.parametrize(
    ("windows", "now"),
    [((86400,), MIDNIGHT - 9), ((3600, 86400), MIDNIGHT + 3595), ((60,), MIDNIGHT + 115)],
)
def test_a_case_waits_where_a_window_is_about_to_end(windows: tuple[int, ...], now: float) -> None:
    assert not have_room(windows, now)
    assert have_room(windows, now + 10)


def test_a_case_waits_while_two_of_its_windows_end_together() -> None:
    assert not have_room((60, 3600), MIDNIGHT - 40)
    assert have_room((60, 3600), MIDNIGHT - 80)
    assert have_room((60,), MIDNIGHT - 40)


def test_the_windows_are_those_of_all_limits_of_the_bundle() -> None:
    texts = {
        "a": "promptstudio.limits: [{requests: 1, per: day}, {requests: 1, per: day, by: key}]",
        "b": "promptstudio.limits: [{requests: 1, per: minute}]",
        "c": "description: none",
    }
    sources = [Source(f"{name}.prompt", f"---\n{text}\n---\nHi") for name, text in texts.items()]
    bundle = compile_bundle(sources, ProjectSettings(name="p", model="echo/echo")).bundle
    assert bundle is not None
    assert windows_s(bundle) == {86400, 60}


@pytest.fixture
def endpoint() -> Iterator[ScriptedUpstream]:
    """Something that answers requests: a scripted provider will do."""
    with ScriptedUpstream() as endpoint:
        yield endpoint


def address(endpoint: ScriptedUpstream) -> Address:
    host, _, port = endpoint.url.removeprefix("http://").partition(":")
    return Address(host, int(port))


def answers(*statuses: int, held: When | None = None) -> list[Answer]:
    return [Answer(status, {}, [b"%d" % status], streamed=False, held=held) for status in statuses]


def test_a_request_is_sent_again_while_it_is_answered_so(endpoint: ScriptedUpstream) -> None:
    script = endpoint.play(answers(409, 409, 502, 200))
    [got] = send_all(address(endpoint), Request("POST", "/", {}, b"{}", again_on=409), script)
    assert (got.status, got.body, len(script.calls)) == (502, b"502", 3)


def test_a_request_is_sent_once_whatever_is_answered(endpoint: ScriptedUpstream) -> None:
    script = endpoint.play(answers(409, 200))
    [got] = send_all(address(endpoint), Request("POST", "/", {}, b"{}"), script)
    assert (got.status, len(script.calls)) == (409, 1)


def test_several_clients_send_at_the_same_time(endpoint: ScriptedUpstream) -> None:
    """The first three are held until the fourth has been answered."""
    script = endpoint.play([*answers(200, 200, 200, held=When(b"409")), *answers(409)])
    got = send_all(address(endpoint), Request("POST", "/", {}, b"{}", times=4), script)
    assert sorted(answer.status for answer in got) == [200, 200, 200, 409]
    assert not script.problems


def test_headers_may_hold_either_of_two_api_keys(endpoint: ScriptedUpstream) -> None:
    script = endpoint.play(answers(200, 200))
    for headers in ({}, {"Authorization": "Bearer {other_key}", "X-Key": "{key}"}):
        send_all(address(endpoint), Request("POST", "/", headers, b"{}"), script)
    usual, other = (call.headers for call in script.calls)
    assert usual["authorization"].startswith("Bearer ps_live_")
    assert other["authorization"].startswith("Bearer ps_live_")
    assert usual["authorization"] == f"Bearer {other['x-key']}" != other["authorization"]


@pytest.mark.parametrize(
    ("runtime", "needs"),
    [
        ("python", set()),
        ("workerd", {"node"}),
        ("vercel", {"node", "redis-server"}),
        ("vercel_node", {"node", "make prove", "redis-server"}),
        ("gcf", {"functions-framework", "redis-server"}),
        ("aws_sam", {"lambda-web-adapter", "dynoxide"}),
    ],
)
def test_a_case_needs_an_engine_where_it_keeps_something_across_a_network(
    runtime: str, needs: set[str]
) -> None:
    assert set(tools(runtime, load(CASES / "limits-by-key.json"))) == needs
    engines = {"redis-server", "dynoxide"}
    for name in ("openai-text", "store-unavailable-for-limits", "store-none-for-the-cache"):
        assert set(tools(runtime, load(CASES / f"{name}.json"))) == needs - engines
