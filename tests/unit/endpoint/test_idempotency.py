"""Idempotency-Key: one run for all requests that bring it, and one answer in whichever form is asked for."""

import asyncio
import json
from collections.abc import Mapping

import pytest

from promptstudio import idempotency
from promptstudio.endpoint import stages
from promptstudio.errors import BOUNDS, AppError
from tests.unit.endpoint.asgi import COMPLETED, GREETING, ask, delta
from tests.unit.endpoint.state import (
    ADA,
    ADA_RESPONSES,
    BEGUN,
    RESPONSES,
    RUN,
    STREAM,
    Clock,
    Served,
    greet,
)
from tests.unit.storage.faulty import DOWN, LOST, FaultyStore

BUSY = AppError("provider_busy", provider="openai", status=500)
BOTH = pytest.mark.parametrize(("path", "body"), [(RUN, ADA), (RESPONSES, ADA_RESPONSES)])
JSON_GREETING = GREETING.replace(b'"Hello!"', b'"{\\"mood\\":1e1}"')


def code(body: bytes) -> str:
    """The code of an error in either shape."""
    members = json.loads(body)
    return str(members.get("code", members.get("error", {}).get("code")))


@BOTH
async def test_the_same_request_gets_the_same_answer_and_no_model_is_asked(
    served: Served, path: str, body: Mapping[str, object]
) -> None:
    answers = [await served.ask(body, path=path, key="k") for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert len({answer.body for answer in answers}) == 1
    assert len(served.model.requests) == len(served.runs.ended) == 1
    assert "server-timing" in answers[0].headers
    assert "server-timing" not in answers[1].headers
    assert answers[1].headers["content-type"] == "application/json"


@BOTH
async def test_a_stream_that_came_as_one_delta_is_the_same_again_to_the_byte(
    served: Served, path: str, body: Mapping[str, object]
) -> None:
    served.answers(delta("Hello, \U0001f600!"), COMPLETED)
    streamed = {**body, "stream": True}
    first, again = [await served.ask(streamed, path=path, key="k") for _ in range(2)]
    assert (first.status, again.status) == (200, 200)
    assert again.headers["content-type"] == "text/event-stream"
    assert again.body == first.body
    assert again.complete
    assert len(served.model.requests) == 1


@BOTH
async def test_a_stream_of_many_deltas_is_told_again_as_one(
    served: Served, path: str, body: Mapping[str, object]
) -> None:
    served.answers(delta("Hel"), delta("lo!"), COMPLETED)
    streamed = {**body, "stream": True}
    first, again = [await served.ask(streamed, path=path, key="k") for _ in range(2)]
    deltas = [
        data["delta" if path == RESPONSES else "text"] for event, data in again.events if "delta" in event
    ]
    assert deltas == ["Hello!"]
    assert again.events[0] == first.events[0]
    last = dict(again.events[-1][1])
    assert last.pop("sequence_number", 7) == 8 - (path == RUN)
    assert last == {name: value for name, value in first.events[-1][1].items() if name != "sequence_number"}


@BOTH
async def test_an_empty_text_is_told_again_without_a_delta(
    served: Served, path: str, body: Mapping[str, object]
) -> None:
    served.answers(COMPLETED)
    streamed = {**body, "stream": True}
    first, again = [await served.ask(streamed, path=path, key="k") for _ in range(2)]
    assert again.body == first.body
    assert not any(event.endswith("delta") for event, _ in again.events)


async def test_the_new_request_says_in_which_form_it_is_answered(served: Served) -> None:
    whole = await served.ask(key="k")
    stream = await served.ask(ADA, STREAM, key="k")
    assert [event for event, _ in stream.events] == ["start", "delta", "done"]
    assert stream.body.endswith(b"event: done\ndata: %b\n\n" % whole.body)
    served.answers(delta("Hel"), delta("lo!"), COMPLETED)
    other = await served.ask(ADA, STREAM, key="other")
    assert (await served.ask(key="other")).body in other.body


async def test_an_answer_of_json_is_told_again_as_it_was(served: Served) -> None:
    served.serve(greet(head=["output: {schema: {mood: number}}"]))
    served.answers(JSON_GREETING)
    whole = await served.ask(key="k")
    assert b'"output":{"type":"json","json":{"mood":10},"text":"{\\"mood\\":1e1}"}' in whole.body
    assert (await served.ask(key="k")).body == whole.body
    assert (await served.ask(ADA, STREAM, key="k")).events[1] == ("delta", {"text": '{"mood":1e1}'})


@pytest.mark.parametrize("path", [RUN, RESPONSES])
async def test_an_answer_is_told_again_whatever_the_prompt_has_become(served: Served, path: str) -> None:
    body = {**(ADA if path == RUN else ADA_RESPONSES), "stream": True}
    served.answers(delta("Hello!"), COMPLETED)
    first = await served.ask(body, path=path, key="k")
    served.serve(greet("limits: [{requests: 1, per: day}]", model="openai/gpt-5.4", head=["version: 7"]))
    assert (await served.ask(body, path=path, key="k")).body == first.body


async def test_an_incomplete_response_is_told_again_as_incomplete(served: Served) -> None:
    served.answers(
        delta("Hel"),
        b'data: {"type":"response.incomplete","response":{"status":"incomplete",'
        b'"incomplete_details":{"reason":"max_output_tokens"}}}\n\n',
    )
    body = {**ADA_RESPONSES, "stream": True}
    first, again = [await served.ask(body, path=RESPONSES, key="k") for _ in range(2)]
    assert again.body == first.body
    assert again.events[-1][0] == "response.incomplete"


@BOTH
async def test_another_body_is_refused(served: Served, path: str, body: Mapping[str, object]) -> None:
    await served.ask(body, path=path, key="k")
    refused = await served.ask({**body, "user": "u"}, path=path, key="k")
    assert (refused.status, code(refused.body)) == (409, "idempotency_mismatch")
    assert "retry-after" not in refused.headers


@BOTH
async def test_a_request_that_is_still_running_is_a_conflict(
    served: Served, path: str, body: Mapping[str, object]
) -> None:
    model = served.answers(None, GREETING)
    first = asyncio.create_task(served.ask(body, path=path, key="k"))
    await model.waiting.wait()
    refused = await served.ask(body, path=path, key="k")
    assert (refused.status, code(refused.body)) == (409, "conflict")
    assert refused.headers["retry-after"] == "1"
    mismatch = await served.ask({**body, "user": "u"}, path=path, key="k")
    assert code(mismatch.body) == "idempotency_mismatch"
    model.go_on.set()
    assert (await served.ask(body, path=path, key="k")).status in (200, 409)
    assert (await first).status == 200
    assert (await served.ask(body, path=path, key="k")).body == (await first).body
    assert len(model.requests) == 1


async def test_of_fifty_at_once_one_asks_the_model(served: Served) -> None:
    model = served.answers(None, GREETING)
    tasks = [asyncio.create_task(served.ask(key="k")) for _ in range(50)]
    await model.waiting.wait()
    model.go_on.set()
    answers = await asyncio.gather(*tasks)
    assert len(model.requests) == 1
    bodies = {answer.body for answer in answers if answer.status == 200}
    assert len(bodies) == 1
    assert {answer.status for answer in answers} <= {200, 409}


async def test_callers_and_paths_have_keys_of_their_own(served: Served) -> None:
    served.serve(greet(), other=greet())
    ids = [
        (await served.ask(path=path, key="k", by=by)).json["id"]
        for path in (RUN, "/v1/prompts/other/run")
        for by in (served.first, served.second)
    ]
    assert len(set(ids)) == 4


@pytest.mark.parametrize("stream", [False, True])
async def test_a_run_that_nobody_records_is_kept_too(served: Served, stream: bool) -> None:
    served.answers(*((delta("Hello!"), COMPLETED) if stream else (GREETING,)))
    served.journal = None
    first, again = [await served.ask({**ADA, "stream": stream}, key="k") for _ in range(2)]
    assert (again.status, again.body) == (200, first.body)


FAILURES: Mapping[str, tuple[bytes | Exception, ...]] = {
    "a provider that is busy": (BUSY,),
    "an answer that is none": (b"garbage",),
    "a fault of ours": (ValueError("x"),),
}


@BOTH
@pytest.mark.parametrize("steps", FAILURES.values(), ids=FAILURES)
async def test_a_failure_releases_the_key(
    served: Served, path: str, body: Mapping[str, object], steps: tuple[bytes | Exception, ...]
) -> None:
    served.answers(*steps)
    assert (await served.ask(body, path=path, key="k")).status >= 500
    served.answers(GREETING)
    assert (await served.ask({**body, "user": "u"}, path=path, key="k")).status == 200


STREAM_FAILURES: Mapping[str, tuple[bytes | Exception, ...]] = {
    "refused before it began": (BUSY,),
    "broken off": (delta("Hel"),),
    "busy in the middle": (delta("Hel"), BUSY),
    "a fault of ours": (delta("Hel"), ValueError("x")),
}


@BOTH
@pytest.mark.parametrize("steps", STREAM_FAILURES.values(), ids=STREAM_FAILURES)
async def test_a_stream_that_fails_releases_the_key(
    served: Served, path: str, body: Mapping[str, object], steps: tuple[bytes | Exception, ...]
) -> None:
    served.answers(*steps)
    streamed = {**body, "stream": True}
    failed = await served.ask(streamed, path=path, key="k")
    assert failed.status >= 500 or failed.events[-1][0] in ("error", "response.failed")
    served.answers(delta("Hello!"), COMPLETED)
    assert (await served.ask({**streamed, "user": "u"}, path=path, key="k")).status == 200


async def test_an_answer_that_does_not_fit_the_prompt_releases_the_key(served: Served) -> None:
    served.serve(greet(head=["output: {schema: {mood: number}}"]))
    assert (await served.ask(key="k")).json["code"] == "invalid_output"
    served.answers(JSON_GREETING)
    assert (await served.ask(key="k")).status == 200


async def test_a_fault_behind_the_model_leaves_the_answer_that_was_kept(served: Served) -> None:
    served.runs.broken = True
    assert (await served.ask(key="k")).status == 500
    assert (await served.ask(key="k")).status == 200
    assert len(served.model.requests) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_releases_the_key(served: Served, stream: bool) -> None:
    model = served.answers(delta("Hel"), None)
    client = served.client({**ADA, "stream": stream}, key="k")
    task = asyncio.create_task(ask(served.endpoint, client))
    await model.waiting.wait()
    client.leave()
    async with asyncio.timeout(5):
        await task
    assert model.cancelled
    served.answers(GREETING)
    assert (await served.ask(key="k")).status == 200
    assert [ended.code for ended in served.runs.ended] == ["aborted", "ok"]


async def test_a_server_that_ends_releases_the_key_though_it_is_in_a_hurry(
    served: Served, store: FaultyStore
) -> None:
    """A second cancellation, while the store is slow, does not keep the claim from being released."""
    model = served.answers(None)
    task = asyncio.create_task(served.ask(key="k"))
    await model.waiting.wait()
    store.stuck, calls = asyncio.Event(), len(store.calls)
    task.cancel()
    await store.until(calls=calls + 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    store.stuck.set()
    await store.until(answered=calls + 1)
    served.answers(GREETING)
    assert (await served.ask(key="k")).status == 200


async def cancelled_at_its_end(served: Served, store: FaultyStore, body: Mapping[str, object]) -> None:
    """A run with the key `k` that is cancelled while the store is about to write how it ended."""
    task = asyncio.create_task(served.ask(body, key="k"))
    await served.model.waiting.wait()
    store.stuck, calls = asyncio.Event(), len(store.calls)
    served.model.go_on.set()
    await store.until(calls=calls + 1)
    task.cancel()
    store.stuck.set()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("stream", [False, True])
async def test_who_leaves_while_the_answer_is_being_kept_finds_it_later(
    served: Served, store: FaultyStore, stream: bool
) -> None:
    body = {**ADA, "stream": stream}
    served.answers(*((delta("Hello!"), None, COMPLETED) if stream else (None, GREETING)))
    await cancelled_at_its_end(served, store, body)
    assert [ended.code for ended in served.runs.ended] == ["ok"]
    again = await served.ask(body, key="k")
    assert (again.status, b"Hello!" in again.body, len(served.model.requests)) == (200, True, 1)


@pytest.mark.parametrize(("error", "code"), [(BUSY, "provider_unavailable"), (ValueError("x"), "internal")])
@pytest.mark.parametrize("stream", [False, True])
async def test_who_leaves_while_the_key_is_given_back_may_run_it_again(
    served: Served, store: FaultyStore, stream: bool, error: Exception, code: str
) -> None:
    body = {**ADA, "stream": stream}
    served.answers(*((delta("Hel"), None, error) if stream else (None, error)))
    await cancelled_at_its_end(served, store, body)
    assert [ended.code for ended in served.runs.ended] == [code]
    served.answers(*((delta("Hello!"), COMPLETED) if stream else (GREETING,)))
    assert (await served.ask({**body, "user": "u"}, key="k")).status == 200


async def test_a_cached_answer_is_kept_though_the_server_ends_meanwhile(
    served: Served, store: FaultyStore
) -> None:
    served.serve(greet("cache: {ttl_s: 60}"))
    await served.ask()
    store.stuck, calls = asyncio.Event(), len(store.calls)
    task = asyncio.create_task(served.ask(key="k"))
    for before_it in range(1, 3):  # the claim and what is cached
        await store.until(calls=calls + before_it)
        store.stuck.set()
        store.stuck = asyncio.Event()
    await store.until(calls=calls + 3)
    task.cancel()
    store.stuck.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [ended.code for ended in served.runs.ended] == ["ok", "ok"]
    kept = await served.ask(key="k")
    assert (kept.status, kept.json["id"]) == (200, f"run_{served.runs.ended[1].run.id}")
    assert len(served.runs.ended) == 2


@pytest.mark.parametrize("stream", [False, True])
async def test_a_fault_in_keeping_an_answer_releases_the_key(
    served: Served, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("a fault of ours")

    served.answers(*((delta("Hello!"), COMPLETED) if stream else (GREETING,)))
    with monkeypatch.context() as patched:
        patched.setattr(idempotency, "keep", broken)
        await served.ask({**ADA, "stream": stream}, key="k")
    assert [ended.code for ended in served.runs.ended] == ["internal"]
    assert (await served.ask({**ADA, "stream": stream}, key="k")).status == 200


@pytest.mark.parametrize("stream", [False, True])
async def test_the_answer_is_kept_before_the_client_has_the_whole_of_it(
    served: Served, store: FaultyStore, stream: bool
) -> None:
    served.answers(*((delta("Hello!"), None, COMPLETED) if stream else (None, GREETING)))
    client = served.client({**ADA, "stream": stream}, key="k")
    task = asyncio.create_task(ask(served.endpoint, client))
    await served.model.waiting.wait()
    store.stuck, calls = asyncio.Event(), len(store.calls)
    served.model.go_on.set()
    await store.until(calls=calls + 1)
    assert b"event: done" not in client.answer.body
    assert not client.answer.complete
    store.stuck.set()
    assert (await task).complete


async def test_an_answer_that_is_too_long_is_not_kept(served: Served) -> None:
    bound = BOUNDS["kept_answer_bytes"]
    served.answers(GREETING.replace(b"Hello!", b"a" * bound))
    for _ in range(2):
        answer = await served.ask(key="k")
        assert (answer.status, len(answer.body) > bound) == (200, True)
    assert len(served.model.requests) == 2
    served.answers(GREETING.replace(b"Hello!", b"a" * (bound - 1000)))
    assert (await served.ask(key="k")).body == (await served.ask(key="k")).body


@pytest.mark.parametrize("key", ["", "k" * 256, "\x7f", "é", "k\x01"])
@BOTH
async def test_a_key_that_is_none_is_refused(
    served: Served, path: str, body: Mapping[str, object], key: str
) -> None:
    refused = await served.ask(body, path=path, key=key)
    assert (refused.status, code(refused.body)) == (400, "invalid_request")
    assert served.model.requests == []


async def test_variables_are_looked_at_before_the_key_and_limits_after_it(served: Served) -> None:
    assert (await served.ask({"variables": {}}, key="\x7f")).status == 422
    served.serve(greet("limits: [{requests: 1, per: day}]"))
    first = await served.ask(key="k")
    again = await served.ask(key="k")
    assert (again.status, again.body) == (200, first.body)
    assert "ratelimit" in first.headers
    assert "ratelimit" not in again.headers
    assert (await served.ask({**ADA, "user": "u"}, key="k")).json["code"] == "idempotency_mismatch"
    assert (await served.ask(key="other")).status == 429


async def test_a_run_that_a_limit_refuses_releases_its_key(served: Served, clock: Clock) -> None:
    served.serve(greet("limits: [{requests: 1, per: minute}]"))
    await served.ask()
    assert (await served.ask(key="k")).status == 429
    clock.seconds = BEGUN + 60
    assert (await served.ask({**ADA, "user": "u"}, key="k")).status == 200


async def test_without_a_store_the_header_has_no_effect(clock: Clock) -> None:
    served = Served(None, clock)
    ids = [(await served.ask(key="\x7f")).json["id"] for _ in range(2)]
    assert len(set(ids)) == 2


@BOTH
async def test_a_store_that_does_not_answer_refuses_the_run(
    served: Served,
    store: FaultyStore,
    path: str,
    body: Mapping[str, object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.down = True
    refused = await served.ask(body, path=path, key="k")
    assert (refused.status, code(refused.body), refused.headers["retry-after"]) == (503, "unavailable", "1")
    assert (served.model.requests, served.runs.ended) == ([], [])
    assert "is refused: the store does not answer" in caplog.text


async def refused_with_its_claim_written(served: Served, store: FaultyStore, *then: str | None) -> int:
    """A run is refused though its claim was written. Gives how many calls the store has had by then."""
    store.faults = [LOST, DOWN, *then]
    assert (await served.ask(key="k")).status == 503
    return len(store.calls)


@pytest.mark.parametrize(("then", "later"), [((), 2), ((DOWN,), 3), ((None, DOWN), 4), ((None, LOST), 3)])
async def test_a_claim_that_was_written_though_the_store_did_not_say_so_is_given_back(
    served: Served,
    store: FaultyStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    then: tuple[str | None, ...],
    later: int,
) -> None:
    monkeypatch.setattr(stages, "WITHDRAW_AFTER_S", (0, 0, 0))
    calls = await refused_with_its_claim_written(served, store, *then)
    await store.until(answered=calls + later)
    again = await served.ask({**ADA, "user": "u"}, key="k")
    assert (again.status, len(served.model.requests)) == (200, 1)
    assert "may hold its Idempotency-Key" not in caplog.text


async def test_who_is_refused_does_not_wait_for_the_claim_to_be_given_back(
    served: Served, store: FaultyStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stages, "WITHDRAW_AFTER_S", (0, 0))
    calls = await refused_with_its_claim_written(served, store, DOWN, DOWN)
    assert calls == 2
    await store.until(answered=4)
    assert (await served.ask(key="k")).status == 409
    assert "may hold its Idempotency-Key" in caplog.text


async def test_nobody_elses_claim_is_given_back(
    served: Served, store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "WITHDRAW_AFTER_S", (0,))
    model = served.answers(None)
    running = asyncio.create_task(served.ask(key="k"))
    await model.waiting.wait()
    store.faults, calls = [DOWN, DOWN], len(store.calls)
    assert (await served.ask(key="k")).status == 503
    await store.until(answered=calls + 3)
    async with asyncio.timeout(5):
        assert (await served.ask(key="k")).status == 409
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_cannot_be_kept_goes_out_all_the_same(
    served: Served, store: FaultyStore, clock: Clock, caplog: pytest.LogCaptureFixture, stream: bool
) -> None:
    served.answers(*((delta("Hello!"), COMPLETED) if stream else (GREETING,)))
    store.faults = [None, DOWN, DOWN]
    answer = await served.ask({**ADA, "stream": stream}, key="k")
    assert (answer.status, b"Hello!" in answer.body, answer.complete) == (200, True, True)
    assert "goes on though the store does not answer" in caplog.text
    assert (await served.ask({**ADA, "stream": stream}, key="k")).status == 409
    clock.seconds += BOUNDS["idempotency_lease_s"]
    assert (await served.ask({**ADA, "stream": stream}, key="k")).status == 200


async def test_a_claim_that_cannot_be_released_ends_with_its_lease(
    served: Served, store: FaultyStore, clock: Clock
) -> None:
    served.answers(BUSY)
    store.faults = [None, DOWN]
    assert (await served.ask(key="k")).json["code"] == "provider_unavailable"
    served.answers(GREETING)
    assert (await served.ask(key="k")).status == 409
    clock.seconds += BOUNDS["idempotency_lease_s"]
    assert (await served.ask(key="k")).status == 200


async def test_an_answer_is_kept_for_a_day(served: Served, clock: Clock) -> None:
    first = await served.ask(key="k")
    clock.seconds += BOUNDS["idempotency_kept_s"] - 1
    assert (await served.ask(key="k")).body == first.body
    clock.seconds += 1
    assert (await served.ask(key="k")).json["id"] != first.json["id"]
