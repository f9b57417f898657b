"""The edge of the API: what every answer wears, and the order in which a request is refused."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from promptstudio.access.principal import Scope
from promptstudio.endpoint.exchange import Message
from promptstudio.errors import BOUNDS
from promptstudio_functions.api import create_app
from promptstudio_functions.services import Services
from tests.functions.platform import URL, Platform, platform_in

ORIGIN = "https://app.example"
PROMPTS = "/api/prompts"


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as made:
        settings = replace(made.services.settings, cors_origins=(ORIGIN,), body_limit=200)
        services = replace(made.services, settings=settings)
        yield Platform(create_app(services), services, made.world)


@pytest.fixture
async def owner(platform: Platform) -> AsyncIterator[httpx2.AsyncClient]:
    async with await platform.member(platform.world.owner) as client:
        yield client


@pytest.mark.parametrize("path", [PROMPTS, "/api/nothing", "/nothing", "/sign-in", "/api/openapi.json"])
async def test_every_answer_is_dressed(owner: httpx2.AsyncClient, path: str) -> None:
    headers = (await owner.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-request-id"].startswith("req_")
    assert "strict-transport-security" not in headers


async def test_https_is_asked_for_where_it_is_spoken(platform: Platform) -> None:
    async with platform.client() as client:
        answer = await client.get("https://platform.test/api/session")
    assert "max-age" in answer.headers["strict-transport-security"]


async def test_a_problem_names_the_request_it_answers(owner: httpx2.AsyncClient) -> None:
    answer = await owner.get("/api/prompts/nothing")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert answer.json()["status"] == answer.status_code == 404


async def test_a_method_that_a_path_lacks_is_told_with_those_it_has(owner: httpx2.AsyncClient) -> None:
    answer = await owner.request("PATCH", "/api/session")
    assert answer.status_code == 405
    assert answer.headers["allow"]
    assert answer.json()["code"] == "method_not_allowed"


async def test_another_origin_gets_in_with_a_key_and_never_with_a_cookie(platform: Platform) -> None:
    async with await platform.key([Scope.read]) as client:
        answer = await client.get(PROMPTS, headers={"origin": ORIGIN})
        stranger = await client.get(PROMPTS, headers={"origin": "https://evil.example"})
        asked = {"origin": ORIGIN, "access-control-request-method": "PUT"}
        preflight = await client.request("OPTIONS", f"{PROMPTS}/greet", headers=asked)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-credentials" not in answer.headers
    assert "access-control-allow-origin" not in stranger.headers
    assert preflight.status_code == 204
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in preflight.headers


async def test_the_first_stage_that_fails_answers(platform: Platform, owner: httpx2.AsyncClient) -> None:
    """Credential, then role or scope, size, content type, JSON, members."""
    huge, text = b"x" * 300, {"content-type": "text/plain"}
    json = {"content-type": "application/json"}
    async with platform.client() as stranger, await platform.key([Scope.read]) as reader:
        assert (await stranger.post(PROMPTS, content=huge, headers=text)).status_code == 401
        assert (await reader.post(PROMPTS, content=huge, headers=text)).status_code == 403
    assert (await owner.post(PROMPTS, content=huge, headers=text)).status_code == 413
    assert (await owner.post(PROMPTS, content=b"{}", headers=text)).status_code == 415
    for body in (b"{", b"[]", b'{"name":NaN}', b'{"name":"\\ud800"}', b"\xff", b"\xef\xbb\xbf{}"):
        answer = await owner.post(PROMPTS, content=body, headers=json)
        assert (answer.status_code, answer.json().get("errors")) == (400, None), body
    answer = await owner.post(PROMPTS, json={"nmae": "x"})
    assert answer.status_code == 400
    assert [row["pointer"] for row in answer.json()["errors"]] == ["/name", "/nmae"]


async def test_a_body_that_never_ends_is_cut_off(owner: httpx2.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 100

    answer = await owner.post(PROMPTS, content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert sent < 20


async def test_a_fault_of_ours_says_nothing_of_what_was_sent(
    platform: Platform,
    owner: httpx2.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    quoted = "secret-" + "in-a-message"  # in pieces: the log shows lines of source

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError(quoted)

    monkeypatch.setattr(type(platform.services.store), "query", broken)
    answer = await owner.get(PROMPTS)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert quoted not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize("hidden", ["9" * 5000, "[" * 900 + "]" * 900])
async def test_what_one_parser_takes_no_other_is_asked(services: Services, hidden: str) -> None:
    body = f'{{"email": {hidden}, "email": "ada@example.com", "password": "not hers"}}'
    async with client_of(services) as stranger:
        answer = await stranger.post(
            "/api/session", content=body.encode(), headers={"content-type": "application/json"}
        )
    assert answer.status_code == 401


async def test_of_endless_errors_the_first_are_told(services: Services) -> None:
    async with client_of(services) as stranger:
        answer = await stranger.post("/api/session", json={f"member{n}": n for n in range(5000)})
    assert answer.status_code == 400
    assert len(answer.json()["errors"]) == BOUNDS["errors_listed"]


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """Those of a platform that takes bodies as long as it does by default."""
    async with platform_in(tmp_path) as made:
        yield made.services


def client_of(services: Services) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(create_app(services)), base_url=URL)


async def test_who_leaves_amid_their_request_is_no_fault(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(_: Message) -> None:
        """Nobody is there."""

    scope = {"type": "http", "method": "POST", "path": "/api/session", "query_string": b"", "scheme": "http"}
    await platform.app({**scope, "headers": [(b"content-type", b"application/json")]}, receive, send)
    assert caplog.text == ""


async def test_a_page_of_another_origin_can_read_the_etag_that_its_change_takes(platform: Platform) -> None:
    async with await platform.key([Scope.read]) as client:
        answer = await client.get("/api/workspace", headers={"origin": ORIGIN})
        stranger = await client.get("/api/workspace", headers={"origin": "https://evil.example"})
    assert "etag" in answer.headers
    assert "ETag" in answer.headers["access-control-expose-headers"].split(", ")
    assert "access-control-expose-headers" not in stranger.headers
