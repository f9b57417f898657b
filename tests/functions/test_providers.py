"""/api/providers over HTTP: statuses, ETags, pages and the test of a provider."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from promptstudio.access.principal import Scope
from promptstudio.values import Json
from tests.functions.platform import Platform, platform_in
from tests.unit.providers.upstream import Play, answer, then_close, then_hang, upstream

SECRET = "sk-secret-0123456789"
ACME: dict[str, Json] = {"type": "openai-chat", "base_url": "https://api.acme.example/v1"}
ROUTE = "/api/providers/acme"


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        yield platform


@pytest.fixture
async def owner(platform: Platform) -> AsyncIterator[httpx2.AsyncClient]:
    async with await platform.member(platform.world.owner) as client:
        yield client


async def test_a_provider_is_made_read_changed_and_forgotten(owner: httpx2.AsyncClient) -> None:
    made = await owner.put(ROUTE, json={**ACME, "secret": SECRET})
    assert made.status_code == 201
    read = await owner.get(ROUTE)
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    assert read.json()["key"]["hint"] == "6789"
    changed = await owner.put(ROUTE, json={"timeout_s": 5}, headers={"if-match": made.headers["etag"]})
    assert changed.status_code == 200
    assert changed.json() == {**made.json(), "timeout_s": 5.0}
    assert changed.headers["etag"] != made.headers["etag"]
    gone = await owner.delete(ROUTE, headers={"if-match": changed.headers["etag"]})
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await owner.get(ROUTE)).status_code == 404


async def test_a_change_without_the_last_etag_is_refused(owner: httpx2.AsyncClient) -> None:
    made = await owner.put(ROUTE, json=ACME)
    await owner.put(ROUTE, json={"timeout_s": 5}, headers={"if-match": made.headers["etag"]})
    for headers in ({}, {"if-match": made.headers["etag"]}, {"if-match": '"1"'}):
        for response in (
            await owner.put(ROUTE, json={"timeout_s": 6}, headers=headers),
            await owner.delete(ROUTE, headers=headers),
        ):
            assert response.status_code == 412
    assert (await owner.get(ROUTE)).json()["timeout_s"] == 5


@pytest.mark.parametrize("name", ["Acme", "-a", "1a", "a" * 64, "a%00", "a%0a", "a.b", "é"])
async def test_a_name_of_another_form_is_refused(owner: httpx2.AsyncClient, name: str) -> None:
    for response in (
        await owner.get(f"/api/providers/{name}"),
        await owner.put(f"/api/providers/{name}", json=ACME),
        await owner.delete(f"/api/providers/{name}", headers={"if-match": "*"}),
        await owner.post(f"/api/providers/{name}/test"),
    ):
        assert response.status_code == 400
        assert response.json()["errors"][0]["pointer"] == "/path/name"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**ACME, "name": "other"}, "/name"),
        ({**ACME, "id": "prv_1"}, "/id"),
        ({**ACME, "workspace": "ws_b"}, "/workspace"),
        ({**ACME, "credential": {}}, "/credential"),
        ({**ACME, "type": "echo"}, "/type"),
        ({**ACME, "timeout_s": 0}, "/timeout_s"),
        ({**ACME, "timeout_s": 1e9}, "/timeout_s"),
        ({**ACME, "headers": {f"x-{n}": "" for n in range(21)}}, "/headers"),
        ({**ACME, "headers": {"x": 1}}, "/headers/x"),
        ({"type": "openai"}, "/base_url"),
    ],
)
async def test_a_body_that_does_not_fit_is_refused_where_it_stands(
    owner: httpx2.AsyncClient, body: dict[str, Json], pointer: str
) -> None:
    response = await owner.put(ROUTE, json=body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == pointer


async def test_a_url_that_is_refused_names_host_and_reason(owner: httpx2.AsyncClient) -> None:
    response = await owner.put(ROUTE, json={**ACME, "base_url": "https://10.0.0.1/v1"})
    assert response.status_code == 400
    assert response.json()["detail"].startswith(
        "10.0.0.1 cannot be called from here: its address is not public"
    )


async def test_the_list_goes_page_by_page(owner: httpx2.AsyncClient) -> None:
    await owner.put(ROUTE, json=ACME)
    names: list[str] = []
    query = "?limit=3"
    while query:
        page = (await owner.get("/api/providers" + query)).json()
        names += [row["name"] for row in page["items"]]
        query = f"?limit=3&cursor={page['next_cursor']}" if "next_cursor" in page else ""
    assert names == ["acme", "anthropic", "groq", "openai"]
    for query in ("?limit=0", "?limit=101", "?cursor=!"):
        assert (await owner.get("/api/providers" + query)).status_code == 400


@pytest.mark.parametrize(
    ("play", "expected"),
    [
        (answer(200, b'{"data":["canary"]}'), (True, 200, "The provider answers, and takes the key.")),
        (answer(401), (False, 401, "The provider answers with status 401: it does not take the key.")),
        (answer(404), (False, 404, "The provider answers with status 404: it has no list of models")),
        (
            answer(302, b"", location="http://127.0.0.1:9/"),
            (False, 302, "The provider answers with status 302."),
        ),
        (answer(500, b"canary"), (False, 500, "The provider answers with status 500.")),
        (then_close(b""), (False, None, "Provider acme could not be reached.")),
        (then_hang(b""), (False, None, "Provider acme did not answer in time.")),
    ],
)
async def test_a_test_tells_what_came_of_asking(
    owner: httpx2.AsyncClient, play: Play, expected: tuple[bool, int | None, str]
) -> None:
    async with upstream(play) as provider:
        body = {**ACME, "base_url": provider.url, "secret": SECRET, "timeout_s": 0.1}
        assert (await owner.put(ROUTE, json=body)).status_code == 201
        response = await owner.post(ROUTE + "/test")
        line, headers, _ = provider.requests[0]
    found = response.json()
    assert (response.status_code, found["ok"], found["status"]) == (200, *expected[:2])
    assert found["detail"].startswith(expected[2])
    assert "canary" not in response.text
    assert (line, headers["authorization"]) == ("GET /v1/models HTTP/1.1", f"Bearer {SECRET}")


async def test_a_test_without_a_key_or_a_provider_says_so(owner: httpx2.AsyncClient) -> None:
    absent = await owner.post("/api/providers/openai/test")
    assert absent.json()["detail"] == "This workspace holds no key for provider openai: an admin can set one."
    for name in ("echo", "unknown"):
        assert (await owner.post(f"/api/providers/{name}/test")).status_code == 404


async def test_keys_look_with_read_and_change_with_admin(platform: Platform) -> None:
    async with await platform.key([Scope.read]) as reader, await platform.key([Scope.admin]) as admin:
        made = await admin.put(ROUTE, json={**ACME, "secret": SECRET})
        assert made.status_code == 201
        assert made.json()["key"]["hint"] == "6789"
        assert set((await reader.get(ROUTE)).json()) == {"name", "type", "built_in", "has_key"}
        assert (await reader.put(ROUTE, json=ACME)).status_code == 403
    async with await platform.key([Scope.run, Scope.write, Scope.deploy]) as other:
        assert (await other.get(ROUTE)).status_code == 403
