"""/api/partials and /api/workspace over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.functions.platform import platform_in

TONE = "/api/partials/tone"
WORKSPACE = "/api/workspace"


@pytest.fixture
async def owner(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with platform_in(tmp_path) as platform:
        yield await platform.member(platform.world.owner)


async def test_a_partial_is_made_read_changed_and_deleted(owner: httpx2.AsyncClient) -> None:
    made = await owner.put(TONE, json={"text": "kind"}, headers={"if-none-match": "*"})
    assert made.status_code == 201
    read = await owner.get(TONE)
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    assert (await owner.put(TONE, json={"text": "brief"})).status_code == 412
    changed = await owner.put(TONE, json={"text": "brief"}, headers={"if-match": made.headers["etag"]})
    assert (changed.status_code, changed.json()["text"]) == (200, "brief")
    rows = (await owner.get("/api/partials")).json()["items"]
    assert [(row["name"], "text" in row) for row in rows] == [("tone", False)]
    stale = await owner.delete(TONE, headers={"if-match": made.headers["etag"]})
    assert stale.status_code == 412
    assert (await owner.delete(TONE, headers={"if-match": changed.headers["etag"]})).status_code == 204
    assert (await owner.get(TONE)).status_code == 404


@pytest.mark.parametrize("name", ["_tone", "..", "%00", "a%2Fb", "%E2%80%AEx", ".hidden", "a" * 64])
async def test_hostile_names_are_refused(owner: httpx2.AsyncClient, name: str) -> None:
    answer = await owner.put(f"/api/partials/{name}", json={"text": "x"})
    assert answer.status_code in (400, 404, 405)
    assert (await owner.get("/api/partials")).json()["items"] == []


async def test_the_workspace_is_read_and_changed(owner: httpx2.AsyncClient) -> None:
    seen = await owner.get(WORKSPACE)
    assert (seen.json()["name"], seen.json()["model"], "updated_at" in seen.json()) == (
        "Acme",
        "echo/echo",
        False,
    )
    body = {"name": "Acme Ltd", "prices": {"openai/x": {"input": "1", "output": "2.5"}}}
    changed = await owner.patch(WORKSPACE, json=body, headers={"if-match": seen.headers["etag"]})
    assert changed.json() == (await owner.get(WORKSPACE)).json()
    assert changed.json()["prices"] == {"openai/x": {"input": "1", "output": "2.5"}}
    stale = await owner.patch(WORKSPACE, json=body, headers={"if-match": seen.headers["etag"]})
    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"model": "nowhere/x"}, "/model"),
        ({"model": "gpt"}, "/model"),
        ({"name": ""}, "/name"),
        ({"name": "a\u202eb"}, "/name"),
        ({"prices": {"openai/x": {"input": "free", "output": "1"}}}, "/prices/openai~1x/input"),
        ({"id": "ws_other"}, "/id"),
    ],
)
async def test_what_a_workspace_cannot_be_is_refused(
    owner: httpx2.AsyncClient, body: dict[str, object], pointer: str
) -> None:
    answer = await owner.patch(WORKSPACE, json=body, headers={"if-match": "*"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)
