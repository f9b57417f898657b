"""Limits at the endpoint: who is refused, what callers are told, and what is not counted."""

import asyncio
from collections.abc import Mapping

import pytest

from promptstudio.errors import AppError
from promptstudio.settings import Settings
from tests.unit.endpoint.asgi import COMPLETED, GREETING, Client, ask, delta
from tests.unit.endpoint.state import ADA, ADA_RESPONSES, BEGUN, RESPONSES, RUN, Clock, Served, greet
from tests.unit.storage.faulty import DOWN, LOST, FaultyStore

BOTH = pytest.mark.parametrize(("path", "body"), [(RUN, ADA), (RESPONSES, ADA_RESPONSES)])
TWO = greet("limits: [{requests: 2, per: minute, by: key}, {requests: 100, per: day}]")
POLICY = '"key-minute";q=2;w=60, "prompt-day";q=100;w=86400'


@BOTH
@pytest.mark.parametrize("stream", [False, True])
async def test_answers_tell_the_limits_and_what_is_left(
    served: Served, path: str, body: Mapping[str, object], stream: bool
) -> None:
    served.serve(TWO)
    served.answers(*((delta("Hello!"), COMPLETED) if stream else (GREETING,)))
    answers = [await served.ask({**body, "stream": stream}, path=path) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {POLICY}
    assert [answer.headers["ratelimit"] for answer in answers] == [
        '"key-minute";r=1;t=60, "prompt-day";r=99;t=57600',
        '"key-minute";r=0;t=60, "prompt-day";r=98;t=57600',
        '"key-minute";r=0;t=60, "prompt-day";r=98;t=57600',
    ]
    assert len(served.model.requests) == len(served.runs.ended) == 2


async def test_a_refusal_is_a_problem_that_says_how_long_to_wait(served: Served, clock: Clock) -> None:
    served.serve(TWO)
    clock.seconds += 18.5
    refused = [await served.ask() for _ in range(3)][-1]
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "42"
    assert refused.json == {
        "type": "urn:promptstudio:error:rate_limited",
        "title": "Rate limited",
        "status": 429,
        "detail": "No more than 2 runs per minute are let through for this API key. Try again in 42 seconds.",
        "code": "rate_limited",
        "request_id": refused.headers["x-request-id"],
    }


async def test_openais_clients_are_refused_in_their_shape(served: Served) -> None:
    served.serve(greet("limits: [{requests: 1, per: second}]"))
    refused = [await served.ask(ADA_RESPONSES, path=RESPONSES) for _ in range(2)][-1]
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert refused.json["error"]["type"] == "rate_limit_error"
    assert refused.json["error"]["code"] == "rate_limited"


async def test_the_next_window_lets_runs_through_again(served: Served, clock: Clock) -> None:
    served.serve(TWO)
    statuses = []
    for later in (0, 0, 59.9, 60, 60, 60):
        clock.seconds = BEGUN + later
        statuses.append((await served.ask()).status)
    assert statuses == [200, 200, 429, 200, 200, 429]


async def test_each_key_has_runs_of_its_own_and_the_prompt_all_of_them(served: Served) -> None:
    served.serve(greet("limits: [{requests: 1, per: day, by: key}, {requests: 2, per: day}]"))
    by = [served.first, served.first, served.second, served.second]
    answers = [await served.ask(by=each) for each in by]
    assert [answer.status for answer in answers] == [200, 429, 200, 429]
    assert answers[3].headers["ratelimit"] == '"key-day";r=0;t=57600, "prompt-day";r=0;t=57600'
    assert "for this API key" in answers[3].json["detail"], "of two that are as long, the first"


@BOTH
async def test_each_user_has_runs_of_their_own(served: Served, path: str, body: Mapping[str, object]) -> None:
    served.serve(greet("limits: [{requests: 1, per: day, by: user}]"))
    users: list[dict[str, str]] = [{"user": "a"}, {"user": "b"}, {}, {"user": "a"}, {}, {"user": ""}]
    statuses = [(await served.ask({**body, **user}, path=path)).status for user in users]
    assert statuses == [200, 200, 200, 429, 429, 200]
    assert (await served.ask({**ADA, "user": "b"})).status == 429


async def test_a_prompt_is_counted_by_its_own_name_and_in_all_its_versions(served: Served) -> None:
    limit = "limits: [{requests: 2, per: day}]"
    served.serve(
        greet(limit, "aliases: [hi]", head=["version: 1"]),
        second=greet("limits: [{requests: 3, per: day}]", head=["name: greet", "version: 2"]),
        other=greet(limit),
        free=greet(),
    )
    asked = [("greet", 1), ("hi", 2), ("greet", 1), ("greet", 2), ("greet", 2), ("other", 0), ("free", 0)]
    statuses = [
        (await served.ask({**ADA, "version": version}, path=f"/v1/prompts/{name}/run")).status
        for name, version in asked
    ]
    assert statuses == [200, 200, 429, 200, 429, 200, 200]


async def test_what_fails_behind_the_limits_is_counted_and_tells_them(served: Served) -> None:
    served.serve(TWO)
    served.answers(AppError("provider_busy", provider="openai", status=500, retry_after=30))
    failed = await served.ask()
    assert (failed.status, failed.headers["ratelimit-policy"]) == (503, POLICY)
    assert failed.headers["ratelimit"] == '"key-minute";r=1;t=60, "prompt-day";r=99;t=57600'
    assert failed.headers["retry-after"] == "30"
    served.answers(ValueError("x"))
    assert (await served.ask()).headers["ratelimit-policy"] == POLICY
    assert (await served.ask()).status == 429


async def test_what_fails_before_them_is_not_counted(served: Served) -> None:
    served.serve(TWO)
    for refused in (
        await served.ask({"variables": {}}),
        await served.ask(b"{"),
        await served.ask({**ADA, "version": 7}),
        await ask(served.endpoint, Client(RUN, ADA)),
    ):
        assert refused.status in (400, 401, 404, 422)
        assert "ratelimit" not in refused.headers
    assert '"key-minute";r=1' in (await served.ask()).headers["ratelimit"]


async def test_health_and_documents_are_not_limited(served: Served) -> None:
    served.serve(greet("limits: [{requests: 1, per: day}]"))
    await served.ask()
    headers = [(b"authorization", f"Bearer {served.first}".encode())]
    for path in ("/health", "/v1/prompts", "/v1/openapi.json"):
        answer = await ask(served.endpoint, Client(path, method="GET", headers=headers))
        assert (answer.status, "ratelimit" in answer.headers) == (200, False)


async def test_pages_of_other_origins_may_read_them(store: FaultyStore, clock: Clock) -> None:
    served = Served(store, clock, settings=Settings(cors_origins=("https://acme.example",)))
    served.serve(TWO)
    answer = await served.ask(ADA, (b"origin", b"https://acme.example"))
    assert answer.headers["ratelimit-policy"] == POLICY
    assert "RateLimit, RateLimit-Policy" in answer.headers["access-control-expose-headers"]


async def test_many_at_once_are_no_more_than_one_after_the_other(served: Served) -> None:
    served.serve(greet("limits: [{requests: 7, per: day, by: key}, {requests: 9, per: day}]"))
    by = [served.first, served.second] * 15
    answers = await asyncio.gather(*(served.ask(by=each) for each in by))
    assert sum(answer.status == 200 for answer in answers) == len(served.model.requests) == 9
    assert {answer.status for answer in answers} == {200, 429}


@pytest.mark.parametrize(
    "limits", ["[{requests: 9, per: day}]", "[{requests: 9, per: day}, {requests: 9, per: hour}]"]
)
async def test_a_store_that_does_not_answer_refuses_the_run(
    served: Served, store: FaultyStore, limits: str, caplog: pytest.LogCaptureFixture
) -> None:
    served.serve(greet(f"limits: {limits}"))
    store.faults = [DOWN]
    refused = await served.ask()
    assert (refused.status, refused.json["code"], refused.headers["retry-after"]) == (503, "unavailable", "1")
    assert "ratelimit" not in refused.headers
    assert served.model.requests == []
    assert "is refused: the store does not answer" in caplog.text
    assert "r=8" in (await served.ask()).headers["ratelimit"]


async def test_a_count_that_cannot_be_made_releases_the_idempotency_key(
    served: Served, store: FaultyStore
) -> None:
    served.serve(greet("limits: [{requests: 9, per: day}]"))
    store.faults = [None, LOST]
    assert (await served.ask(key="k")).status == 503
    assert (await served.ask(key="k")).status == 200


async def test_without_a_store_there_is_nothing_to_tell(clock: Clock) -> None:
    served = Served(None, clock)
    served.serve(TWO)
    answers = [await served.ask() for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert "ratelimit" not in answers[0].headers


async def test_the_first_event_leaves_before_the_provider_has_sent_its_last(served: Served) -> None:
    served.serve(greet("limits: [{requests: 9, per: day}]", "cache: {ttl_s: 60}"))
    model = served.answers(delta("Hel"), None, delta("lo!"), COMPLETED)
    client = served.client({**ADA, "stream": True}, key="k")
    task = asyncio.create_task(ask(served.endpoint, client))
    await model.waiting.wait()
    await client.received(b'data: {"text":"Hel"}\n\n')
    assert client.answer.headers["ratelimit"] == '"prompt-day";r=8;t=57600'
    assert not client.answer.complete
    model.go_on.set()
    assert [event for event, _ in (await task).events] == ["start", "delta", "delta", "done"]
