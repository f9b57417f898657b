"""/api/prompts/{name}/links and /api/shared over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from promptstudio.access.principal import Role, Scope
from promptstudio.workspaces.prompt_changes import PromptOrder, create_prompt
from tests.functions.platform import URL, Platform, platform_in

LINKS = "/api/prompts/greet/links"


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        order = PromptOrder(name="greet", text="Hello")
        await create_prompt(platform.services.store, platform.world.owner, order, now=platform.services.now())
        yield platform


@pytest.fixture
async def owner(platform: Platform) -> httpx2.AsyncClient:
    return await platform.member(platform.world.owner)


async def opened(platform: Platform, token: object) -> httpx2.Response:
    return await platform.client().post("/api/shared", json={"token": token})


async def test_a_link_is_made_opened_and_revoked(platform: Platform, owner: httpx2.AsyncClient) -> None:
    made = await owner.post(LINKS, json={"expires_in_s": 3600})
    assert made.status_code == 201
    token = made.json()["token"]
    assert made.json()["url"] == f"{URL}/shared#{token}"
    path = f"{LINKS}/{made.json()['id']}"
    shown = {name: value for name, value in made.json().items() if name not in {"url", "token"}}
    assert (await owner.get(path)).json() == shown
    assert (await owner.get(LINKS)).json() == {"items": [shown]}
    answer = await opened(platform, token)
    assert answer.json() == {"name": "greet", "version": 0, "text": "Hello"}
    assert "set-cookie" not in answer.headers
    assert (await owner.delete(path)).status_code == 412
    assert (await owner.delete(path, headers={"if-match": made.headers["etag"]})).status_code == 204
    assert (await opened(platform, token)).status_code == 404


async def test_a_link_needs_no_body_to_be_made(owner: httpx2.AsyncClient) -> None:
    assert (await owner.post(LINKS)).status_code == 201


@pytest.mark.parametrize("token", ["", "null", "ps_share_", "greet", "x" * 1000, "ps_share_" + "0" * 50])
async def test_garbage_opens_nothing(platform: Platform, token: str) -> None:
    assert (await opened(platform, token)).status_code == 404


@pytest.mark.parametrize("body", [{}, {"token": None}, {"token": ["x"]}, {"token": "x", "name": "greet"}])
async def test_a_body_without_a_token_is_a_bad_request(platform: Platform, body: dict[str, object]) -> None:
    assert (await platform.client().post("/api/shared", json=body)).status_code == 400


async def test_a_link_is_no_credential(platform: Platform, owner: httpx2.AsyncClient) -> None:
    token = (await owner.post(LINKS)).json()["token"]
    bearer = platform.client({"authorization": f"Bearer {token}"})
    for path in ("/api/prompts/greet", LINKS, "/api/keys", "/api/members"):
        assert (await bearer.get(path)).status_code in {401, 404}


async def test_editors_and_keys_without_admin_make_no_links(platform: Platform) -> None:
    editor = await platform.member(await platform.world.join(Role.editor))
    writer = await platform.key([Scope.write])
    for client in (editor, writer):
        assert (await client.post(LINKS)).status_code == 403
        assert (await client.get(LINKS)).status_code == 403
