"""A sealing key in Google's Secret Manager, against a small Google that checks what it is sent."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from promptstudio.platform_errors import PlatformError
from promptstudio.sealing import Context, Sealer
from promptstudio.sealing_fetched import KEPT_S
from promptstudio.sealing_gcp import Urls, secret_manager_key
from tests.unit.providers.upstream import Play, Upstream, answer, then_close, upstream

NAME = "projects/p-1/secrets/sealing/versions/3"
CONTEXT = Context("ws_a", "test")
KEY = base64.b64encode(bytes(range(32)))
TOKEN = {"access_token": "ya29.canary-token", "expires_in": 3599, "token_type": "Bearer"}


def as_json(status: int, value: object) -> Play:
    return answer(status, json.dumps(value).encode(), content_type="application/json; charset=utf-8")


def secret(data: bytes) -> Play:
    return as_json(200, {"name": NAME, "payload": {"data": base64.b64encode(data).decode()}})


@asynccontextmanager
async def google(*, token: Play, key: Play) -> AsyncIterator[tuple[Upstream, Upstream, Urls]]:
    """A metadata server, a Secret Manager, and where they are."""
    async with upstream(token) as metadata, upstream(key) as manager:
        root = slice(None, -len("/v1"))
        yield metadata, manager, Urls(secrets=manager.url[root], metadata=metadata.url[root])


async def test_the_key_is_read_as_the_service_account_and_kept_five_minutes() -> None:
    now = [0.0]
    async with google(token=as_json(200, TOKEN), key=secret(KEY)) as (metadata, manager, urls):
        sealer = Sealer(secret_manager_key(NAME, urls=urls, clock=lambda: now[0]))
        sealed = await asyncio.gather(*(sealer.seal(SecretStr("s"), CONTEXT) for _ in range(20)))
        now[0] += KEPT_S - 1
        assert (await sealer.open(sealed[0], CONTEXT)).get_secret_value() == "s"
        assert len(manager.requests) == 1
        now[0] += 1
        await sealer.open(sealed[0], CONTEXT)
        assert len(manager.requests) == 2
    line, headers, _ = metadata.requests[0]
    assert line == "GET /computeMetadata/v1/instance/service-accounts/default/token HTTP/1.1"
    assert headers["metadata-flavor"] == "Google"
    line, headers, _ = manager.requests[0]
    assert line == f"GET /v1/{NAME}:access HTTP/1.1"
    assert headers["authorization"] == "Bearer ya29.canary-token"


@pytest.mark.parametrize(
    ("token", "key", "reason"),
    [
        (as_json(200, TOKEN), as_json(403, {"error": {"message": "canary"}}), "status 403"),
        (as_json(200, TOKEN), as_json(404, {}), "status 404"),
        (as_json(404, {}), secret(KEY), "status 404"),
        (as_json(200, TOKEN), answer(302, b"", location="http://127.0.0.1:9/"), "status 302"),
        (as_json(200, TOKEN), as_json(200, {"payload": {}}), "KeyError"),
        (as_json(200, TOKEN), as_json(200, ["canary"]), "TypeError"),
        (as_json(200, {"access_token": "canary\r\nx: y"}), secret(KEY), "ValueError"),
        (as_json(200, TOKEN), secret(b"canary"), "should hold 32 random bytes in base64"),
        (then_close(b""), secret(KEY), "ServerDisconnectedError"),
    ],
)
async def test_what_google_does_not_give_is_unavailable(
    token: Play, key: Play, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with google(token=token, key=key) as (_, _manager, urls):
        with pytest.raises(PlatformError) as failed:
            await Sealer(secret_manager_key(NAME, urls=urls)).seal(SecretStr("s"), CONTEXT)
    assert (failed.value.problem, failed.value.status) == ("sealing_unavailable", 503)
    assert reason in caplog.text
    assert "canary" not in caplog.text
