"""A secret that fails in many ways shows nowhere: in no answer, no log, no exception and no stored byte."""

import base64
import json
import logging
import traceback
from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from promptstudio.platform_errors import PlatformError
from promptstudio.providers.base import ProviderRequest
from promptstudio.providers.workspace_transport import WorkspaceTransport
from promptstudio.sealing import LocalKey, Sealer
from promptstudio.workspaces.provider_changes import ProviderChange
from promptstudio.workspaces.providers import declared_providers, key_for, load_providers
from tests.functions.platform import Platform
from tests.unit.providers.upstream import Play, answer, chunked, then_close, then_hang, then_reset, upstream

CANARY = "sk-canary-5e1ab0c9d7f34a62"
PARTS = (CANARY, CANARY[3:-4], base64.b64encode(CANARY.encode()).decode()[:20], CANARY.encode().hex())
ROUTE = "/api/providers/acme"
REQUEST = ProviderRequest("/responses", {}, b"{}")


class Seen:
    """All that anybody could read: answers, log records, exceptions."""

    def __init__(self, log: pytest.LogCaptureFixture) -> None:
        self._log = log
        self._texts: list[str] = []

    async def answered(self, call: Awaitable[httpx2.Response], *statuses: int) -> httpx2.Response:
        response = await call
        assert response.status_code in statuses, response.text
        self._texts += [response.text, repr(response.headers)]
        return response

    async def raised(self, call: Awaitable[object]) -> None:
        with pytest.raises(Exception) as failed:  # noqa: PT011 - whatever it is, it must not tell
            await call
        self.shown(failed.value)

    def shown(self, error: BaseException) -> None:
        chain = "".join(traceback.format_exception(error))
        self._texts += [chain, repr(error), str(error), repr(vars(error)), repr(error.args)]

    def assert_nothing_of(self, *secrets: str) -> None:
        texts = [*self._texts, self._log.text]
        for record in self._log.records:
            texts += [record.getMessage(), repr(record.args), repr(record.exc_info), repr(vars(record))]
        for text in texts:
            for secret in secrets:
                assert secret not in text


@pytest.fixture
def seen(caplog: pytest.LogCaptureFixture) -> Seen:
    caplog.set_level(logging.DEBUG)
    return Seen(caplog)


BODIES: list[Any] = [
    {"secret": CANARY},
    {"type": "openai", "base_url": "https://a.example", "secret": CANARY + " "},
    {"type": "openai", "base_url": "https://a.example", "secret": CANARY + "\r\nx: y"},
    {"type": "openai", "base_url": "https://a.example", "secret": CANARY * 400},
    {"type": "openai", "base_url": "https://10.0.0.1", "secret": CANARY},
    {"type": "openai", "base_url": f"https://{CANARY}@a.example", "secret": CANARY},
    {"type": "openai", "base_url": f"https://a.example/?key={CANARY}"},
    {"type": "openai", "base_url": "https://a.example", "headers": {"Authorization": f"Bearer {CANARY}"}},
    {"type": "openai", "base_url": "https://a.example", "headers": {"X-Team": f"{CANARY}\n"}},
    {"type": "openai", "base_url": "https://a.example", "headers": {"X-Team": CANARY}},
    {"type": "openai", "base_url": "https://a.example", "headers": CANARY},
    {"type": CANARY, "base_url": "https://a.example", "secret": CANARY},
    {"secret": {"value": CANARY}},
    {"secret": [CANARY]},
    {"secret": CANARY, "timeout_s": CANARY},
    {"secret": CANARY, "api_key": CANARY},
    {"secret": CANARY, "credential": {"sealed": CANARY}},
    [CANARY],
    CANARY,
]


async def test_a_refused_secret_shows_nowhere(
    platform: Platform, owner: httpx2.AsyncClient, seen: Seen
) -> None:
    """LiteLLM guardrail-logging incident: what was sent comes back in errors, and reaches logs."""
    for body in BODIES:
        await seen.answered(owner.put(ROUTE, json=body), 400)
        with pytest.raises(ValidationError) as failed:
            ProviderChange.model_validate(
                {"timeout_s": body, "headers": body, "type": CANARY, "secret": [CANARY]}
            )
        seen.shown(failed.value)
    raw = json.dumps({"secret": CANARY}).encode()
    for content, kind in (
        (raw[:-1], "application/json"),
        (raw + b"\xff", "application/json"),
        (raw, "text/plain"),
        (raw + b" " * (1 << 20), "application/json"),
    ):
        await seen.answered(owner.put(ROUTE, content=content, headers={"content-type": kind}), 400, 413, 415)
    for client in (platform.client(), platform.client({"authorization": f"Bearer {CANARY}"})):
        await seen.answered(client.put(ROUTE, json={"secret": CANARY}), 401)
    seen.assert_nothing_of(*PARTS)
    assert await declared_providers(platform.services.store, platform.world.workspace) == []


async def test_a_kept_secret_shows_nowhere_however_its_provider_fails(
    platform: Platform, owner: httpx2.AsyncClient, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LiteLLM guardrail-logging incident: raw headers reach traces; provider bodies repeat the key."""
    monkeypatch.setattr(platform.services.connections, "_sleep", at_once)
    leaky = json.dumps({"error": {"message": f"bad key {CANARY}"}}).encode()
    plays: list[Play] = [
        answer(401, leaky, x_key=CANARY),
        answer(302, b"", location=f"http://127.0.0.1:9/?key={CANARY}"),
        answer(500, leaky, retry_after=CANARY),
        answer(429, leaky),
        then_close(f"HTTP/1.1 {CANARY}\r\n\r\n".encode()),
        then_reset(b""),
        then_hang(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
        then_close(chunked(leaky, end=False)),
    ]
    etag: str | None = None
    for play in plays:
        async with upstream(play) as provider:
            body = {"type": "openai", "base_url": provider.url, "secret": CANARY, "timeout_s": 0.05}
            headers = {} if etag is None else {"if-match": etag}
            put = await seen.answered(owner.put(ROUTE, json=body, headers=headers), 200, 201)
            etag = put.headers["etag"]
            await seen.answered(owner.post(ROUTE + "/test"), 200)
            await seen.raised(send(platform))
            await seen.raised(stream(platform))
    for path in (ROUTE, "/api/providers"):
        await seen.answered(owner.get(path), 200)
    for stale in (None, '"1"'):
        headers = {} if stale is None else {"if-match": stale}
        await seen.answered(owner.put(ROUTE, json={"secret": CANARY}, headers=headers), 412)
    seen.assert_nothing_of(*PARTS)


async def test_a_kept_secret_shows_nowhere_when_we_fail_ourselves(
    platform: Platform, owner: httpx2.AsyncClient, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LiteLLM guardrail-logging incident; security.md (c) 14: keys that cannot be had, or are others."""
    body = {"type": "openai", "base_url": "https://a.example", "secret": CANARY}
    await seen.answered(owner.put(ROUTE, json=body), 201)
    for broken in (denied, broken_off):
        with monkeypatch.context() as patched:
            patched.setattr(LocalKey, "wrap", broken)
            patched.setattr(LocalKey, "unwrap", broken)
            status = 503 if broken is denied else 500
            answered = await seen.answered(owner.put("/api/providers/other", json=body), status)
            assert answered.json()["code"] == ("unavailable" if broken is denied else "internal")
            await seen.answered(owner.post(ROUTE + "/test"), status)
            await seen.raised(send(platform))
    provider = (await load_providers(platform.services.store, platform.world.workspace))["acme"]
    other = Sealer(LocalKey(b"x" * 32))
    await seen.raised(key_for(platform.services.store, other, platform.world.workspace, provider))
    seen.assert_nothing_of(*PARTS)


async def at_once(_: float) -> None:
    pass


async def denied(*_: object) -> bytes:
    raise PlatformError("sealing_unavailable", retry_after=5)


async def broken_off(*_: object) -> bytes:
    raise RuntimeError("the cipher broke")


async def test_no_stored_byte_and_no_repr_holds_a_secret(
    platform: Platform, owner: httpx2.AsyncClient, seen: Seen, tmp_path: Path
) -> None:
    """LiteLLM guardrail-logging incident: the store's files and its log hold it sealed only."""
    body = {"type": "openai", "base_url": "https://a.example", "secret": CANARY}
    await seen.answered(owner.put(ROUTE, json=body), 201)
    await seen.answered(owner.put("/api/providers/openai", json={"secret": CANARY}), 201)
    files = contents(tmp_path)
    assert any(b"provider" in data or b"credential" in data for data in files)
    for data in files:
        for part in PARTS:
            assert part.encode() not in data
    (record, _) = await declared_providers(platform.services.store, platform.world.workspace)
    for shown in (
        repr(record),
        repr(record.as_provider()),
        repr(platform.services),
        repr(ProviderChange.model_validate(body)),
    ):
        assert CANARY not in shown
        assert record.credential is not None
        assert record.credential.sealed not in shown


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def send(platform: Platform) -> bytes:
    provider = (await load_providers(platform.services.store, platform.world.workspace))["acme"]
    return await transport(platform).send(provider, REQUEST)


async def stream(platform: Platform) -> None:
    provider = (await load_providers(platform.services.store, platform.world.workspace))["acme"]
    async with transport(platform).stream(provider, REQUEST) as chunks:
        async for _ in chunks:
            pass


def transport(platform: Platform) -> WorkspaceTransport:
    services = platform.services
    keys = partial(key_for, services.store, services.sealer, platform.world.workspace)
    return WorkspaceTransport(services.connections, keys)
