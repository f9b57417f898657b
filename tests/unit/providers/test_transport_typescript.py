"""The TypeScript transport on Node's fetch, against the same provider as Python's."""

import asyncio
import time
from typing import Any

import pytest

from tests.unit.providers.runtimes import TypeScript
from tests.unit.providers.upstream import (
    Play,
    Upstream,
    answer,
    chunked,
    then_close,
    then_hang,
    then_reset,
    upstream,
)

pytestmark = pytest.mark.needs("node")

KEY = "sk-secret-4711"
OK = answer(200, b'{"ok":true}')
STREAM = chunked(b"data: {}\n\n", end=False)
VERBS = ("send", "read")


def question(provider: Upstream, **more: Any) -> dict[str, Any]:
    environ = {"ACME_KEY": KEY}
    return {"type": "openai", "url": provider.url, "key_env": "ACME_KEY", "environ": environ, **more}


async def outcome(node: TypeScript, provider: Upstream, **more: Any) -> dict[str, Any]:
    """What both verbs answer; they must agree."""
    sent = await node.ask_aside("send", **question(provider, **more))
    read = await node.ask_aside("read", **question(provider, **more))
    assert sent == read
    return dict(sent)


async def test_an_answer_comes_back_and_the_key_goes_out(node: TypeScript) -> None:
    async with upstream(OK) as provider:
        found = await node.ask_aside("send", **question(provider, headers={"X-Team": "a"}))
        line, headers, body = provider.requests[0]
    assert found == {"body": '{"ok":true}', "waited": []}
    assert (line, body) == ("POST /v1/responses HTTP/1.1", b'{"model":"m"}')
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["content-type"] == "application/json"
    assert (headers["x-team"], headers["x-version"]) == ("a", "1")


async def test_anthropic_takes_its_key_in_a_header_of_its_own(node: TypeScript) -> None:
    async with upstream(OK) as provider:
        await node.ask_aside("send", **question(provider, type="anthropic"))
        headers = provider.requests[0][1]
    assert headers["x-api-key"] == KEY
    assert "authorization" not in headers


@pytest.mark.parametrize("environ", [{}, {"ACME_KEY": ""}, {"ACME_KEY": " \n"}])
async def test_a_missing_key_is_named_and_nothing_is_sent(node: TypeScript, environ: dict[str, str]) -> None:
    async with upstream(OK) as provider:
        found = await outcome(node, provider, environ=environ)
        assert provider.connections == 0
    assert found["problem"] == "provider_key_missing"
    assert "ACME_KEY" in found["detail"]


@pytest.mark.parametrize(
    ("play", "problem", "waited"),
    [
        (answer(408), "provider_busy", [0.5, 1]),
        (answer(429), "provider_busy", [0.5, 1]),
        (answer(503), "provider_busy", [0.5, 1]),
        (answer(429, retry_after="7"), "provider_busy", [7, 7]),
        (answer(429, retry_after="11"), "provider_busy", []),
        (answer(503, retry_after="Thu, 01 Jan 1970 00:00:09 GMT"), "provider_busy", [9, 9]),
        (answer(302, location="http://127.0.0.1:9/"), "provider_status", []),
        (answer(401, KEY.encode(), x_secret=KEY), "provider_status", []),
        (answer(404), "provider_status", []),
        (then_close(b""), "provider_unreachable", [0.5, 1]),
        (then_reset(b""), "provider_unreachable", [0.5, 1]),
        (then_close(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "provider_unreachable", [0.5, 1]),
        (then_close(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"), "provider_truncated", []),
        (then_close(STREAM), "provider_truncated", []),
        (then_reset(STREAM), "provider_truncated", []),
    ],
)
async def test_a_failing_provider_is_told_apart_as_in_python(
    node: TypeScript, play: Play, problem: str, waited: list[float]
) -> None:
    async with upstream(play) as provider:
        found = await outcome(node, provider)
        assert len(provider.requests) == 2 * (len(waited) + 1)
    assert (found["problem"], found["waited"]) == (problem, waited)
    assert KEY not in str(found)


async def test_a_long_retry_after_is_passed_on(node: TypeScript) -> None:
    async with upstream(answer(429, retry_after="11")) as provider:
        assert (await outcome(node, provider))["retry_after"] == 11


@pytest.mark.parametrize("first", [answer(503), then_close(b"")])
async def test_what_works_the_next_time_is_an_answer(node: TypeScript, first: Play) -> None:
    async with upstream(first, OK) as provider:
        found = await node.ask_aside("read", **question(provider))
    assert found == {"body": '{"ok":true}', "waited": [0.5]}


@pytest.mark.parametrize(
    "play",
    [then_hang(b""), then_hang(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"), then_hang(STREAM)],
    ids=["before the first byte", "in the body", "in a stream"],
)
async def test_a_provider_that_hangs_times_out_once(node: TypeScript, play: Play) -> None:
    async with upstream(play) as provider:
        found = await outcome(node, provider, timeout_s=0.2)
        assert len(provider.requests) == 2
    assert (found["problem"], found["waited"]) == ("provider_timeout", [])


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    "play", [then_hang(b""), then_hang(STREAM)], ids=["before the answer", "in the answer"]
)
async def test_who_aborts_closes_the_providers_connection_within_100_ms(
    node: TypeScript, verb: str, play: Play
) -> None:
    async with upstream(play) as provider:
        call = node.begin(verb, **question(provider))
        await provider.asked.wait()
        aborted = time.monotonic()
        node.begin("abort", call=call)
        await asyncio.wait_for(provider.left.wait(), 1)
        assert time.monotonic() - aborted < 0.1
        found = await asyncio.to_thread(node.wait_for, call)
    assert found["problem"] == "Error: the client has left"


async def test_leaving_a_stream_closes_the_providers_connection(node: TypeScript) -> None:
    async with upstream(then_hang(STREAM)) as provider:
        found = await node.ask_aside("read", **question(provider, leave=True))
        assert found["body"] == "data: {}\n\n"
        await asyncio.wait_for(provider.left.wait(), 1)


async def test_an_endless_answer_is_refused(node: TypeScript) -> None:
    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(chunked(end=False))
        while True:
            writer.write(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
            await writer.drain()

    async with upstream(pour) as provider:
        found = await node.ask_aside("send", **question(provider))
    assert found["problem"] == "provider_garbage"


async def test_text_that_is_not_utf8_is_garbage(node: TypeScript) -> None:
    async with upstream(answer(200, b'{"a":"\xff"}')) as provider:
        found = await node.ask_aside("send", **question(provider))
    assert found["problem"] == "provider_garbage"


async def test_an_echo_needs_no_network(node: TypeScript) -> None:
    nowhere = {"type": "echo", "environ": {}}
    for verb in VERBS:
        assert node.ask(verb, **nowhere) == {"body": '{"model":"m"}', "waited": []}
