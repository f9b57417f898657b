"""`dev` as a platform: the workspace's published prompts and the project's files at one /v1."""

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from promptstudio_functions.local_app import LocalApp, create_app
from tests.functions.serving import write_project

URL = "http://127.0.0.1:8787"
GREET = "---\nmodel: echo/echo\n---\nThe file greets."
ASK = "---\nmodel: openai/gpt-5.4-mini\n---\nAsk."
BEARER = "authorization"


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
async def app(tmp_path: Path, lines: list[str]) -> AsyncIterator[LocalApp]:
    root = write_project(tmp_path / "project", {"greet": GREET})
    to = create_app(root, data=tmp_path / "data", environ={}, report=lines.append, dev=True, address=URL)
    await to.start()
    await to.greet()
    yield to
    await to.close()


@pytest.fixture
async def stranger(app: LocalApp) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=URL) as client:
        yield client


@pytest.fixture
async def owner(app: LocalApp, lines: Sequence[str]) -> AsyncIterator[httpx2.AsyncClient]:
    """Whoever follows the link that the terminal shows."""
    link = urlsplit(lines[-1].rpartition(" ")[2])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=URL) as client:
        assert (await client.get(f"{link.path}?{link.query}")).status_code == 303
        session = (await client.get("/api/session")).json()
        client.headers["X-CSRF-Token"] = session["csrf_token"]
        yield client


async def publish(owner: httpx2.AsyncClient, text: str, name: str = "greet", **order: Any) -> int:
    """Publish a text as the next version of a prompt, which is made where it is missing."""
    if (await owner.get(f"/api/prompts/{name}")).status_code == 404:
        await owner.post("/api/prompts", json={"name": name, "text": text})
    tag = (await owner.get(f"/api/prompts/{name}/draft")).headers["etag"]
    body = {"text": text, "message": "", **order}
    made = await owner.post(f"/api/prompts/{name}/versions", json=body, headers={"if-match": tag})
    assert made.status_code == 201, made.text
    number: int = made.json()["number"]
    return number


async def run(client: httpx2.AsyncClient, name: str = "greet", **body: Any) -> dict[str, Any]:
    answer = await client.post(f"/v1/prompts/{name}/run", json=body)
    result: dict[str, Any] = answer.json()
    return {**result, "status": answer.status_code}


async def move(owner: httpx2.AsyncClient, label: str, number: int) -> None:
    tag = (await owner.get("/api/prompts/greet")).headers["etag"]
    route = f"/api/prompts/greet/labels/{label}"
    moved = await owner.put(route, json={"version": number}, headers={"if-match": tag})
    assert moved.status_code == 200, moved.text


async def test_a_file_answers_until_a_version_is_published(
    owner: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    before = await run(stranger)
    assert (before["version"], "The file greets." in before["output"]["text"]) == (0, True)
    assert await publish(owner, "The workspace greets.") == 1
    after = await run(stranger)
    assert (after["version"], "The workspace greets." in after["output"]["text"]) == (1, True)
    file = await run(stranger, version=0)
    assert (file["version"], "The file greets." in file["output"]["text"]) == (0, True)


async def test_a_moved_label_holds_at_once_on_ones_own_machine(
    owner: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    for text in ("one", "two"):
        await publish(owner, text)
    await move(owner, "production", 1)
    assert (await run(stranger))["version"] == 1
    await move(owner, "production", 2)
    assert (await run(stranger))["version"] == 2
    tag = (await owner.get("/api/prompts/greet")).headers["etag"]
    back = await owner.post("/api/prompts/greet/labels/production/rollback", headers={"if-match": tag})
    assert back.status_code == 200
    assert (await run(stranger))["version"] == 1


async def test_runs_of_files_and_versions_are_in_the_history(
    owner: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    await run(stranger, user="u-1")
    await publish(owner, "The workspace greets.")
    await run(owner)
    rows = (await owner.get("/api/prompts/greet/runs")).json()["items"]
    assert [(row["version"], row["caller"]) for row in rows] == [(1, "Owner"), (0, "this machine")]
    assert rows[1]["user"] == "u-1"


async def test_the_documents_tell_of_both(owner: httpx2.AsyncClient, stranger: httpx2.AsyncClient) -> None:
    await publish(owner, "Hello {{name}}", "hello")
    shown = (await stranger.get("/v1/prompts")).json()["prompts"]
    assert [(row["name"], row["version"]) for row in shown] == [("greet", 0), ("hello", 1)]
    paths = (await stranger.get("/v1/openapi.json")).json()["paths"]
    assert {"/v1/prompts/greet/run", "/v1/prompts/hello/run"} <= set(paths)


async def test_a_model_without_a_key_is_an_echo_also_when_published(
    owner: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    await publish(owner, ASK, "ask")
    assert (await run(stranger, "ask"))["model"] == "echo/echo"


async def test_once_there_is_a_key_others_need_it(
    owner: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    assert (await stranger.get("/api/prompts")).status_code == 401
    made = (await owner.post("/api/keys", json={"name": "ci", "scopes": ["run"]})).json()
    assert (await run(stranger))["status"] == 401
    assert (await run(owner))["status"] == 200
    keyed = {BEARER: f"Bearer {made['key']}"}
    answer = await stranger.post("/v1/prompts/greet/run", json={}, headers=keyed)
    assert answer.status_code == 200
    read = (await owner.post("/api/keys", json={"name": "reader", "scopes": ["read"]})).json()
    refused = await stranger.post("/v1/prompts/greet/run", json={}, headers={BEARER: f"Bearer {read['key']}"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_page_of_elsewhere_cannot_use_the_session(owner: httpx2.AsyncClient) -> None:
    """A session's cookie at /v1 is worth nothing without its CSRF token."""
    await owner.post("/api/keys", json={"name": "ci"})
    del owner.headers["X-CSRF-Token"]
    refused = await owner.post("/v1/prompts/greet/run", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    elsewhere = await owner.get("/v1/prompts", headers={"host": "rebound.example"})
    assert elsewhere.status_code == 200


async def test_what_lies_on_the_disk_holds_no_key(owner: httpx2.AsyncClient, tmp_path: Path) -> None:
    made = (await owner.post("/api/keys", json={"name": "ci"})).json()
    with sqlite3.connect(tmp_path / "data" / "promptstudio.db") as connection:
        rows = connection.execute("SELECT pk, sk, data FROM items").fetchall()
    connection.close()
    assert rows
    assert made["key"].encode() not in b"".join(part for row in rows for part in row)
    assert json.dumps(made["key"][-20:]).encode() not in (tmp_path / "data" / "promptstudio.db").read_bytes()


async def test_the_page_is_told_of_no_file_that_its_caller_may_not_run(
    owner: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    assert set((await owner.get("/page/project.json")).json()["prompts"]) == {"greet"}
    order = {"name": "ci", "scopes": ["run"], "prompts": ["other"]}
    made = (await owner.post("/api/keys", json=order)).json()
    shown = (await stranger.get("/page/project.json", headers={BEARER: f"Bearer {made['key']}"})).json()
    assert (shown["prompts"], shown["diagnostics"]) == ({}, [])


async def test_keys_of_the_environment_do_not_shut_out_who_has_signed_in(
    tmp_path: Path, lines: list[str]
) -> None:
    root = write_project(tmp_path / "project", {"greet": GREET})
    ring = {"PROMPTSTUDIO_KEYS": "[]"}
    to = create_app(root, data=tmp_path / "data", environ=ring, report=lines.append, dev=True, address=URL)
    await to.start()
    await to.greet()
    link = urlsplit(lines[-1].rpartition(" ")[2])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(to), base_url=URL) as client:
        assert (await run(client))["status"] == 401
        await client.get(f"{link.path}?{link.query}")
        client.headers["X-CSRF-Token"] = (await client.get("/api/session")).json()["csrf_token"]
        assert (await run(client))["status"] == 200
    await to.close()
