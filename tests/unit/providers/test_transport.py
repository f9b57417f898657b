import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from promptstudio.errors import BOUNDS, AppError
from promptstudio.providers.base import Provider, ProviderRequest
from promptstudio.providers.transport import Connections, Transport
from tests.unit.providers.upstream import (
    Play,
    Upstream,
    answer,
    chunked,
    raw,
    then_close,
    then_hang,
    then_reset,
    upstream,
)

KEY = "sk-secret-4711"
REQUEST = ProviderRequest("/responses", {"x-version": "1"}, b'{"model":"m"}')
OK = answer(200, b'{"ok":true}')


@asynccontextmanager
async def calling(
    *plays: Play, timeout_s: float = 30, now: float = 0
) -> AsyncIterator[tuple[Upstream, Transport, Provider, list[float]]]:
    """A provider that plays this, a transport, and the list of how long it waited between attempts."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with upstream(*plays) as provider:
        connections = Connections(sleep=sleep, now=lambda: now, random=lambda: 0.0)
        transport = Transport({"ACME_KEY": KEY}, connections)
        acme = Provider("acme", "openai", provider.url, "ACME_KEY", {"X-Team": "a"}, timeout_s)
        yield provider, transport, acme, waited
        await transport.close()
        gc.collect()  # what was not closed would warn here


async def failing(transport: Transport, provider: Provider) -> AppError:
    with pytest.raises(AppError) as failed:
        await transport.send(provider, REQUEST)
    with pytest.raises(AppError) as failed_stream:
        async with transport.stream(provider, REQUEST) as chunks:
            [chunk async for chunk in chunks]
    assert failed.value.problem == failed_stream.value.problem
    assert failed.value.retry_after == failed_stream.value.retry_after
    return failed.value


async def test_an_answer_comes_back_and_the_key_goes_out() -> None:
    async with calling(OK) as (provider, transport, acme, _):
        assert await transport.send(acme, REQUEST) == b'{"ok":true}'
        line, headers, body = provider.requests[0]
    assert line == "POST /v1/responses HTTP/1.1"
    assert body == REQUEST.body
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["content-type"] == "application/json"
    assert headers["accept-encoding"] == "identity"
    assert (headers["x-team"], headers["x-version"]) == ("a", "1")
    assert "cookie" not in headers


async def test_anthropic_takes_its_key_in_a_header_of_its_own() -> None:
    async with calling(OK) as (provider, transport, acme, _):
        await transport.send(replace(acme, type="anthropic"), REQUEST)
        headers = provider.requests[0][1]
    assert headers["x-api-key"] == KEY
    assert "authorization" not in headers


async def test_a_provider_without_a_key_is_asked_without_one() -> None:
    async with calling(OK) as (provider, transport, acme, _):
        await transport.send(replace(acme, api_key_env=None), REQUEST)
        assert "authorization" not in provider.requests[0][1]


@pytest.mark.parametrize("environ", [{}, {"ACME_KEY": ""}, {"ACME_KEY": " \n"}])
async def test_a_missing_key_is_named_and_nothing_is_sent(environ: dict[str, str]) -> None:
    async with calling(OK) as (provider, _, acme, _):
        with pytest.raises(AppError) as refused:
            await Transport(environ).send(acme, REQUEST)
        assert provider.connections == 0
    assert refused.value.problem == "provider_key_missing"
    assert "ACME_KEY" in refused.value.detail


async def test_connections_are_kept_and_used_again() -> None:
    async with calling(OK) as (provider, transport, acme, _):
        for _ in range(5):
            await transport.send(acme, REQUEST)
            async with transport.stream(acme, REQUEST) as chunks:
                assert b"".join([chunk async for chunk in chunks]) == b'{"ok":true}'
        assert len(provider.requests) == 10
        assert provider.connections == 1


async def test_a_provider_that_has_changed_is_asked_where_it_is_now() -> None:
    async with calling(OK) as (first, transport, acme, _), upstream(OK) as second:
        await transport.send(acme, REQUEST)
        await transport.send(replace(acme, base_url=second.url + "/"), REQUEST)
        assert (len(first.requests), len(second.requests)) == (1, 1)
        assert second.requests[0][0] == "POST /v1/responses HTTP/1.1"


async def test_cookies_are_not_kept() -> None:
    async with calling(answer(200, b"{}", set_cookie="a=b"), OK) as (provider, transport, acme, _):
        await transport.send(acme, REQUEST)
        await transport.send(acme, REQUEST)
        assert "cookie" not in provider.requests[1][1]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
async def test_a_busy_provider_is_asked_three_times_in_all(status: int) -> None:
    async with calling(answer(status)) as (provider, transport, acme, waited):
        error = await failing(transport, acme)
        assert len(provider.requests) == 6
    assert waited == [0.5, 1.0, 0.5, 1.0]
    assert (error.problem, error.status, error.retry_after) == ("provider_busy", 503, None)
    assert str(status) in error.detail


@pytest.mark.parametrize("first", [answer(503), then_close(b""), then_reset(b"")])
async def test_what_works_the_next_time_is_an_answer(first: Play) -> None:
    async with calling(first, OK) as (provider, transport, acme, _):
        assert await transport.send(acme, REQUEST) == b'{"ok":true}'
        assert len(provider.requests) == 2


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 404, 422])
async def test_other_statuses_are_final_and_redirects_are_not_followed(status: int) -> None:
    elsewhere = answer(status, b"{}", location="http://127.0.0.1:9/")
    async with calling(elsewhere) as (provider, transport, acme, waited):
        error = await failing(transport, acme)
        assert len(provider.requests) == 2
    assert waited == []
    assert (error.problem, error.status) == ("provider_status", 502)


@pytest.mark.parametrize("retry_after", ["7", "Thu, 01 Jan 1970 00:00:07 GMT"])
async def test_a_short_retry_after_is_waited_for(retry_after: str) -> None:
    async with calling(answer(429, retry_after=retry_after), OK) as (_, transport, acme, waited):
        assert await transport.send(acme, REQUEST) == b'{"ok":true}'
    assert waited == [7]


async def test_a_long_retry_after_is_passed_on_at_once() -> None:
    async with calling(answer(429, retry_after="11")) as (provider, transport, acme, waited):
        error = await failing(transport, acme)
        assert len(provider.requests) == 2
    assert waited == []
    assert (error.problem, error.retry_after) == ("provider_busy", 11)


async def test_nobody_there_is_unreachable_after_three_attempts() -> None:
    async with upstream(OK) as gone:
        pass
    async with calling(OK) as (_, transport, acme, waited):
        error = await failing(transport, replace(acme, base_url=gone.url))
    assert (error.problem, error.status) == ("provider_unreachable", 503)
    assert len(waited) == 4


async def test_an_answer_that_is_not_http_is_unreachable() -> None:
    async with calling(then_close(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")) as (_, transport, acme, _):
        assert (await failing(transport, acme)).problem == "provider_unreachable"


@pytest.mark.parametrize(
    "play",
    [
        then_hang(b""),
        then_hang(b"HTTP/1.1 200 OK\r\ncontent-le"),
        then_hang(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
        then_hang(chunked(b"data: {}\n\n", end=False)),
    ],
    ids=["before the first byte", "in the headers", "in the body", "in a stream"],
)
async def test_a_provider_that_hangs_times_out_once(play: Play) -> None:
    async with calling(play, timeout_s=0.05) as (provider, transport, acme, waited):
        error = await failing(transport, acme)
        assert len(provider.requests) == 2
    assert waited == []
    assert (error.problem, error.status) == ("provider_timeout", 504)


async def test_a_slow_stream_lives_as_long_as_it_is_never_silent() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(chunked(end=False))
        for _piece in range(6):
            writer.write(b"1\r\nx\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.write(b"0\r\n\r\n")

    async with calling(drip, timeout_s=0.2) as (_, transport, acme, _):
        async with transport.stream(acme, REQUEST) as chunks:
            assert b"".join([chunk async for chunk in chunks]) == b"xxxxxx"
        with pytest.raises(AppError) as late:
            await transport.send(acme, REQUEST)
    assert late.value.problem == "provider_timeout"


@pytest.mark.parametrize(
    "play",
    [
        then_close(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
        then_close(chunked(b"data: {}\n\n", end=False)),
        then_reset(chunked(b"data: {}\n\n", end=False)),
    ],
    ids=["short of its length", "between chunks", "reset"],
)
async def test_an_answer_that_breaks_off_is_truncated_and_not_asked_for_again(play: Play) -> None:
    async with calling(play) as (provider, transport, acme, waited):
        error = await failing(transport, acme)
        assert len(provider.requests) == 2
    assert waited == []
    assert (error.problem, error.status) == ("provider_truncated", 502)


async def test_an_endless_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(chunked(end=False))
        while True:
            writer.write(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
            await writer.drain()

    async with calling(pour) as (provider, transport, acme, _):
        started = time.monotonic()
        with pytest.raises(AppError) as refused:
            await transport.send(acme, REQUEST)
        assert refused.value.problem == "provider_garbage"
        await asyncio.wait_for(provider.left.wait(), 1)
        assert time.monotonic() - started < 20
    assert BOUNDS["provider_answer_bytes"] == 32 << 20


async def cancel_send(transport: Transport, acme: Provider, provider: Upstream) -> None:
    task = asyncio.create_task(transport.send(acme, REQUEST))
    await provider.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def cancel_stream(transport: Transport, acme: Provider, _: Upstream) -> None:
    async def read() -> None:
        async with transport.stream(acme, REQUEST) as chunks:
            async for _ in chunks:
                reading.set()

    reading = asyncio.Event()
    task = asyncio.create_task(read())
    await reading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def leave_stream(transport: Transport, acme: Provider, _: Upstream) -> None:
    async with transport.stream(acme, REQUEST) as chunks:
        assert await anext(chunks) == b"data: {}\n\n"


@pytest.mark.parametrize(
    ("leave", "play"),
    [
        (cancel_send, then_hang(b"")),
        (cancel_send, then_hang(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{")),
        (cancel_stream, then_hang(chunked(b"data: {}\n\n", end=False))),
        (leave_stream, then_hang(chunked(b"data: {}\n\n", end=False))),
    ],
    ids=["before the answer", "in the answer", "cancelled in a stream", "left a stream"],
)
async def test_who_leaves_closes_the_providers_connection_within_100_ms(
    leave: Callable[[Transport, Provider, Upstream], Awaitable[None]], play: Play
) -> None:
    async with calling(play) as (provider, transport, acme, _):
        await leave(transport, acme, provider)
        left = time.monotonic()
        await asyncio.wait_for(provider.left.wait(), 1)
        assert time.monotonic() - left < 0.1


async def test_many_calls_at_once_each_get_their_own_answer() -> None:
    async def mirror(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = provider.requests[-1][2]
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    async with calling(mirror) as (provider, transport, acme, _):
        bodies = [b"%d" % number for number in range(200)]
        sent = [transport.send(acme, replace(REQUEST, body=body)) for body in bodies]
        assert await asyncio.gather(*sent) == bodies


async def test_a_body_of_many_megabytes_arrives_whole() -> None:
    large = replace(REQUEST, body=b"x" * (3 << 20))
    async with calling(answer(503), OK) as (provider, transport, acme, _):
        await transport.send(acme, large)
        assert [body for _, _, body in provider.requests] == [large.body, large.body]


async def test_a_secret_shows_in_no_error_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    leaky = answer(401, f'{{"error":{{"message":"bad key {KEY}"}}}}'.encode(), x_secret=KEY)
    async with calling(leaky) as (_, transport, acme, _):
        error = await failing(transport, acme)
        shown = [repr(error), error.detail, repr(error.__cause__), repr(transport), repr(transport._targets)]
    assert KEY not in "".join(shown)
    assert KEY not in caplog.text


async def test_an_echo_needs_no_network() -> None:
    transport = Transport({})
    echo = Provider("echo", "echo", "")
    assert await transport.send(echo, REQUEST) == REQUEST.body
    async with transport.stream(echo, REQUEST) as chunks:
        assert [chunk async for chunk in chunks] == [REQUEST.body]
    await transport.close()


async def test_an_answer_is_read_whole_from_a_stream_of_any_size() -> None:
    pieces = [bytes([number % 256]) * number for number in range(1, 400)]
    async with calling(raw(chunked(*pieces))) as (_, transport, acme, _):
        assert await transport.send(acme, REQUEST) == b"".join(pieces)
