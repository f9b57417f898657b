"""/api/keys over HTTP."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest

from promptstudio.access.keys import CACHED_S
from promptstudio.access.principal import Role, Scope
from tests.functions.platform import Platform, platform_in


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        yield platform


@pytest.fixture
async def owner(platform: Platform) -> httpx2.AsyncClient:
    return await platform.member(platform.world.owner)


def holder(platform: Platform, key: str) -> httpx2.AsyncClient:
    return platform.client({"authorization": f"Bearer {key}"})


async def test_a_key_is_made_used_renamed_and_revoked(platform: Platform, owner: httpx2.AsyncClient) -> None:
    made = await owner.post("/api/keys", json={"name": "ci", "scopes": ["admin"]})
    assert made.status_code == 201
    shown = {name: value for name, value in made.json().items() if name != "key"}
    key = made.json()["key"]
    path = f"/api/keys/{shown['id']}"
    assert shown == {
        "id": shown["id"],
        "name": "ci",
        "scopes": ["admin"],
        "created_at": shown["created_at"],
        "created_by": platform.world.owner.id,
    }
    assert (await owner.get(path)).json() == shown
    client = holder(platform, key)
    assert (await client.get("/api/keys")).status_code == 200
    assert "last_used_at" in (await owner.get(path)).json()
    renamed = await owner.patch(path, json={"name": "deploys"}, headers={"if-match": made.headers["etag"]})
    assert renamed.json()["name"] == "deploys"
    assert (
        await owner.patch(path, json={"name": "x"}, headers={"if-match": made.headers["etag"]})
    ).status_code == 412
    revoked = await owner.delete(path, headers={"if-match": renamed.headers["etag"]})
    assert revoked.json()["revoked_at"]
    platform.world.clock.now += CACHED_S
    assert (await client.get("/api/keys")).status_code == 401
    [listed] = (await owner.get("/api/keys")).json()["items"]
    assert listed["revoked_at"] == revoked.json()["revoked_at"]


async def test_a_key_is_rotated(platform: Platform, owner: httpx2.AsyncClient) -> None:
    made = await owner.post("/api/keys", json={"name": "ci", "scopes": ["admin"]})
    path = f"/api/keys/{made.json()['id']}"
    etag = {"if-match": made.headers["etag"]}
    assert (await owner.post(path + "/rotate", json={"overlap_s": 60})).status_code == 412
    new = await owner.post(path + "/rotate", json={"overlap_s": 60}, headers=etag)
    assert new.status_code == 201
    old = (await owner.get(path)).json()
    assert old["replaced_by"] == new.json()["id"]
    for key in (made.json()["key"], new.json()["key"]):
        assert (await holder(platform, key).get("/api/keys")).status_code == 200
    platform.world.clock.now += 60
    assert (await holder(platform, made.json()["key"]).get("/api/keys")).status_code == 401
    assert (await holder(platform, new.json()["key"]).get("/api/keys")).status_code == 200
    again = await owner.post(path + "/rotate", headers={"if-match": "*"})
    assert again.status_code == 409


async def test_rotation_needs_no_body(platform: Platform, owner: httpx2.AsyncClient) -> None:
    made = await owner.post("/api/keys", json={"name": "ci"})
    path = f"/api/keys/{made.json()['id']}"
    assert (await owner.post(path + "/rotate", headers={"if-match": "*"})).status_code == 201
    assert (await owner.get(path)).json()["expires_at"] > made.json()["created_at"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "ci", "scopes": ["root"]},
        {"name": "ci", "scopes": []},
        {"name": "ci", "scopes": "run"},
        {"name": "ci", "created_by": "mem_1"},
        {"name": "ci", "hash": "0" * 64},
        {"name": "ci", "expires_in_s": -1},
        {"name": "ci", "prompts": ["Not A Slug"]},
        {"name": "ci", "scopes": ["deploy"], "prompts": ["greet"]},
    ],
)
async def test_a_bad_order_is_refused(owner: httpx2.AsyncClient, body: dict[str, object]) -> None:
    answer = await owner.post("/api/keys", json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"]
    assert "value error" not in answer.text.lower()


async def test_nobody_gives_a_key_what_they_lack(platform: Platform) -> None:
    editor = await platform.member(await platform.world.join(Role.editor))
    assert (
        await editor.post("/api/keys", json={"name": "ci", "scopes": ["run", "write"]})
    ).status_code == 201
    answer = await editor.post("/api/keys", json={"name": "ci", "scopes": ["run", "admin"]})
    assert (answer.status_code, "scope admin" in answer.json()["detail"]) == (403, True)
    guest = await platform.member(await platform.world.join(Role.guest))
    assert (await guest.post("/api/keys", json={"name": "ci"})).status_code == 403


async def test_keys_manage_keys_only_with_the_scope_admin(platform: Platform) -> None:
    for scope in Scope:
        client = await platform.key([scope])
        expected = 201 if scope == Scope.admin else 403
        assert (await client.post("/api/keys", json={"name": "ci"})).status_code == expected


async def test_one_member_does_not_revoke_anothers_key(platform: Platform, owner: httpx2.AsyncClient) -> None:
    made = await owner.post("/api/keys", json={"name": "ci"})
    editor = await platform.member(await platform.world.join(Role.editor))
    answer = await editor.delete(f"/api/keys/{made.json()['id']}", headers={"if-match": "*"})
    assert answer.status_code == 403


async def test_nothing_that_is_answered_leads_to_a_key(owner: httpx2.AsyncClient) -> None:
    made = (await owner.post("/api/keys", json={"name": "ci"})).json()
    await owner.post("/api/keys", json={"name": "web"})
    answers = [await owner.get("/api/keys", params={"limit": 1}), await owner.get(f"/api/keys/{made['id']}")]
    for answer in answers:
        shown = answer.text + str(answer.headers)
        assert made["key"] not in shown
        assert sha256(made["key"].encode()).hexdigest() not in shown
