import asyncio
import json

import pytest

from promptstudio.errors import AppError
from tests.unit.endpoint.asgi import (
    COMPLETED,
    Answer,
    Client,
    ScriptedTransport,
    ask,
    bundle,
    delta,
    endpoint,
)

RUN = "/v1/prompts/greet/run"
BODY = {"variables": {"name": "Ada"}, "stream": True}
FAILED = b'data: {"type":"response.failed","response":{"status":"failed"}}\n\n'
NUMBERS = "---\nmodel: openai/gpt-5.4-mini\nname: greet\noutput:\n  schema:\n    n: integer\n---\nCount."


async def stream(*steps: bytes | Exception | None) -> Answer:
    return await ask(endpoint(ScriptedTransport(*steps)), Client(RUN, BODY))


async def test_a_stream_starts_tells_each_delta_and_is_done() -> None:
    answer = await stream(delta("Hel") + delta(""), delta("lo!"), COMPLETED)
    (start, first), (d1, one), (d2, two), (done, last) = answer.events
    assert [start, d1, d2, done] == ["start", "delta", "delta", "done"]
    assert {**first, "id": ""} == {"id": "", "prompt": "greet", "version": 0, "model": "openai/gpt-5.4-mini"}
    assert (one, two) == ({"text": "Hel"}, {"text": "lo!"})
    assert last["id"] == first["id"]
    assert last["output"] == {"type": "text", "text": "Hello!"}
    assert last["usage"] == {"input_tokens": 12, "output_tokens": 3, "cached_tokens": 0}
    assert last["cost_usd"] == "0.0000225"
    assert answer.complete


async def test_a_stream_has_the_headers_of_one() -> None:
    answer = await stream(COMPLETED)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["server-timing"].startswith("model;dur=")
    assert "content-length" not in answer.headers


async def test_done_holds_the_bytes_of_a_plain_answer() -> None:
    events = (await stream(delta("Hi"), COMPLETED)).events
    plain: dict[str, object] = {
        "status": "completed",
        "output": [{"type": "message", "content": [{"text": "Hi"}]}],
    }
    plain |= {"usage": {"input_tokens": 12, "output_tokens": 3}}
    to = endpoint(ScriptedTransport(json.dumps(plain).encode()))
    answer = (await ask(to, Client(RUN, {**BODY, "stream": False}))).json
    assert list(answer) == list(events[-1][1])
    assert {**answer, "id": ""} == {**events[-1][1], "id": ""}


async def test_a_delta_goes_out_when_it_comes() -> None:
    transport = ScriptedTransport(delta("Hel"), None, COMPLETED)
    client = Client(RUN, BODY)
    task = asyncio.create_task(ask(endpoint(transport), client))
    await transport.waiting.wait()
    assert [event for event, _ in client.answer.events] == ["start", "delta"]
    transport.go_on.set()
    assert (await task).events[-1][0] == "done"


async def test_without_the_member_stream_the_accept_header_decides() -> None:
    body = {"variables": {"name": "Ada"}}
    accept = (b"accept", b"text/html, Text/Event-Stream")
    headers = [(b"content-type", b"application/json"), accept]
    to = endpoint(ScriptedTransport(COMPLETED))
    assert (await ask(to, Client(RUN, body, headers=headers))).headers["content-type"] == "text/event-stream"
    plain = await ask(endpoint(), Client(RUN, {**body, "stream": False}, headers=headers))
    assert plain.headers["content-type"] == "application/json"


async def test_what_fails_before_the_model_answers_is_a_problem_with_its_status() -> None:
    answer = await stream(AppError("provider_timeout", provider="openai"))
    assert answer.status == 504
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ((delta("Hel"), AppError("provider_timeout", provider="openai")), "provider_timeout"),
        ((delta("Hel"),), "provider_error"),
        ((delta("Hel") + FAILED,), "provider_error"),
        ((delta("Hel") + b"data: {nonsense\n\n",), "provider_error"),
        ((delta("Hel"), RuntimeError("canary")), "internal"),
    ],
)
async def test_what_fails_later_is_one_error_event_after_the_deltas(
    steps: tuple[bytes | Exception, ...], code: str
) -> None:
    answer = await stream(*steps)
    assert answer.status == 200
    assert [event for event, _ in answer.events] == ["start", "delta", "error"]
    problem = answer.events[-1][1]
    assert problem["code"] == code
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert answer.complete
    assert b"canary" not in answer.body


async def test_nothing_follows_the_terminal_event() -> None:
    answer = await stream(delta("Hi") + COMPLETED + delta("more") + COMPLETED, RuntimeError("too late"))
    assert [event for event, _ in answer.events] == ["start", "delta", "done"]


async def test_an_answer_that_is_not_the_promised_json_ends_in_an_error() -> None:
    to = endpoint(ScriptedTransport(delta('{"n":'), delta('"five"}'), COMPLETED), bundle({"greet": NUMBERS}))
    answer = await ask(to, Client(RUN, {"stream": True}))
    assert [event for event, _ in answer.events] == ["start", "delta", "delta", "error"]
    assert answer.events[-1][1]["code"] == "invalid_output"


async def test_a_silent_stream_is_pinged_until_it_goes_on() -> None:
    transport = ScriptedTransport(delta("Hel"), None, COMPLETED)
    client = Client(RUN, BODY)
    task = asyncio.create_task(ask(endpoint(transport, ping_s=0.01), client))
    await client.received(b": ping\n\n", times=2)
    transport.go_on.set()
    answer = await task
    assert [event for event, _ in answer.events] == ["start", "delta", "done"]
    assert answer.pieces[-1].startswith(b"event: done"), "no ping follows the end"


async def test_a_stream_that_keeps_talking_is_not_pinged() -> None:
    answer = await ask(endpoint(ScriptedTransport(delta("a"), delta("b"), COMPLETED)), Client(RUN, BODY))
    assert b"ping" not in answer.body
