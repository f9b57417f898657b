"""A workspace's transport: the same verbs, with keys that are asked for each request."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from pydantic import SecretStr

from promptstudio.errors import AppError
from promptstudio.outbound import Guard, parse_networks
from promptstudio.platform_errors import PlatformError
from promptstudio.providers.base import Provider, ProviderRequest
from promptstudio.providers.transport import Connections
from promptstudio.providers.workspace_transport import Keys, WorkspaceTransport
from tests.unit.providers.upstream import Play, Upstream, answer, chunked, then_close, then_hang, upstream

REQUEST = ProviderRequest("/responses", {"x-version": "1"}, b'{"model":"m"}')
OK = answer(200, b'{"ok":true}')


async def no_key(_: Provider) -> None:
    return None


def fixed(secret: str) -> Keys:
    async def key(_: Provider) -> SecretStr:
        return SecretStr(secret)

    return key


@asynccontextmanager
async def calling(
    *plays: Play, keys: Keys = no_key
) -> AsyncIterator[tuple[Upstream, WorkspaceTransport, Provider]]:
    async def sleep(_: float) -> None:
        pass

    async with upstream(*plays) as provider:
        connections = Connections(Guard(parse_networks("127.0.0.0/8")), sleep=sleep, random=lambda: 0.0)
        acme = Provider("acme", "openai", provider.url, headers={"X-Team": "a"}, timeout_s=30)
        yield provider, WorkspaceTransport(connections, keys), acme
        await connections.close()


async def test_the_key_goes_out_and_the_answer_comes_back() -> None:
    async with calling(OK, keys=fixed("sk-1")) as (provider, transport, acme):
        assert await transport.send(acme, REQUEST) == b'{"ok":true}'
        async with transport.stream(acme, REQUEST) as chunks:
            assert b"".join([chunk async for chunk in chunks]) == b'{"ok":true}'
        for line, headers, body in provider.requests:
            assert (line, body) == ("POST /v1/responses HTTP/1.1", REQUEST.body)
            assert (headers["authorization"], headers["x-team"], headers["x-version"]) == (
                "Bearer sk-1",
                "a",
                "1",
            )
        assert provider.connections == 1


async def test_anthropic_takes_its_key_in_a_header_of_its_own() -> None:
    async with calling(OK, keys=fixed("sk-1")) as (provider, transport, acme):
        await transport.send(replace(acme, type="anthropic"), REQUEST)
        headers = provider.requests[0][1]
    assert headers["x-api-key"] == "sk-1"
    assert "authorization" not in headers


async def test_a_key_of_the_environment_is_never_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """GHSA-jxx9-px88-pj69 n8n-MCP: without the tenant's credentials the operator's are used."""
    monkeypatch.setenv("ACME_KEY", "sk-operator")
    async with calling(OK) as (provider, transport, acme):
        await transport.send(replace(acme, api_key_env="ACME_KEY"), REQUEST)
        assert "authorization" not in provider.requests[0][1]


async def test_a_key_that_changes_is_used_from_the_next_request_on() -> None:
    keys = iter(["sk-1", "sk-2"])

    async def key(_: Provider) -> SecretStr:
        return SecretStr(next(keys))

    async with calling(OK, keys=key) as (provider, transport, acme):
        for _ in range(2):
            await transport.send(acme, REQUEST)
        assert [headers["authorization"] for _, headers, _ in provider.requests] == [
            "Bearer sk-1",
            "Bearer sk-2",
        ]


async def test_where_there_is_no_key_to_be_had_nothing_is_sent() -> None:
    async def key(provider: Provider) -> SecretStr:
        raise PlatformError("provider_key_absent", provider=provider.name)

    async with calling(OK, keys=key) as (provider, transport, acme):
        for call in (transport.send(acme, REQUEST), entered(transport, acme), transport.probe(acme)):
            with pytest.raises(PlatformError) as refused:
                await call
            assert refused.value.problem == "provider_key_absent"
        assert provider.connections == 0


async def entered(transport: WorkspaceTransport, acme: Provider) -> None:
    async with transport.stream(acme, REQUEST):
        pass


async def test_failures_are_those_of_every_transport() -> None:
    async with calling(answer(429), answer(503), answer(401)) as (provider, transport, acme):
        with pytest.raises(AppError) as failed:
            await transport.send(acme, REQUEST)
        assert (failed.value.problem, len(provider.requests)) == ("provider_status", 3)


async def leave_stream(transport: WorkspaceTransport, acme: Provider, _: Upstream) -> None:
    async with transport.stream(acme, REQUEST) as chunks:
        await anext(chunks)


async def cancel_send(transport: WorkspaceTransport, acme: Provider, provider: Upstream) -> None:
    task = asyncio.create_task(transport.send(acme, REQUEST))
    await provider.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("leave", "play"),
    [(leave_stream, then_hang(chunked(b"data: {}\n\n", end=False))), (cancel_send, then_hang(b""))],
)
async def test_who_leaves_closes_the_providers_connection(
    leave: Callable[[WorkspaceTransport, Provider, Upstream], Awaitable[None]], play: Play
) -> None:
    async with calling(play) as (provider, transport, acme):
        await leave(transport, acme, provider)
        await asyncio.wait_for(provider.left.wait(), 1)


@pytest.mark.parametrize("status", [200, 302, 401, 429, 500])
async def test_a_probe_asks_once_and_tells_the_status(status: int) -> None:
    async with calling(answer(status, b"canary"), keys=fixed("sk-1")) as (provider, transport, acme):
        assert await transport.probe(replace(acme, type="anthropic")) == status
        ((line, headers, _),) = provider.requests
    assert line == "GET /v1/models HTTP/1.1"
    assert (headers["x-api-key"], headers["anthropic-version"]) == ("sk-1", "2023-06-01")


async def test_a_probe_of_nobody_is_an_error() -> None:
    async with calling(then_close(b"")) as (_, transport, acme):
        with pytest.raises(AppError) as failed:
            await transport.probe(acme)
        assert failed.value.problem == "provider_unreachable"


async def test_an_echo_needs_neither_network_nor_key() -> None:
    async with calling(OK) as (provider, transport, _):
        echo = Provider("echo", "echo", "")
        assert await transport.send(echo, REQUEST) == REQUEST.body
        async with transport.stream(echo, REQUEST) as chunks:
            assert [chunk async for chunk in chunks] == [REQUEST.body]
        assert provider.connections == 0


def test_connections_without_a_guard_are_not_for_workspaces() -> None:
    with pytest.raises(ValueError, match="guard"):
        WorkspaceTransport(Connections(), no_key)
