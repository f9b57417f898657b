"""/api/members and /api/invitations over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from promptstudio.access.principal import Role, Scope
from tests.functions.platform import URL, Platform, platform_in

GOOD = "correct horse battery"


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        yield platform


async def test_members_are_listed_read_changed_and_removed(platform: Platform) -> None:
    person = await platform.world.join(Role.viewer)
    owner = await platform.member(platform.world.owner)
    listed = (await owner.get("/api/members")).json()
    assert {row["id"] for row in listed["items"]} == {person.id, platform.world.owner.id}
    assert "next_cursor" not in listed
    path = f"/api/members/{person.id}"
    read = await owner.get(path)
    assert read.json()["role"] == "viewer"
    changed = await owner.patch(path, json={"role": "editor"}, headers={"if-match": read.headers["etag"]})
    assert changed.json() == {**read.json(), "role": "editor"}
    stale = await owner.delete(path, headers={"if-match": read.headers["etag"]})
    assert stale.status_code == 412
    assert (await owner.delete(path)).status_code == 412
    gone = await owner.delete(path, headers={"if-match": changed.headers["etag"]})
    assert gone.status_code == 204
    assert (await owner.get(path)).status_code == 404


async def test_members_come_page_by_page(platform: Platform) -> None:
    for _ in range(4):
        await platform.world.join(Role.viewer)
    client = await platform.member(platform.world.owner)
    first = (await client.get("/api/members", params={"limit": 3})).json()
    rest = (await client.get("/api/members", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert len({row["id"] for row in first["items"] + rest["items"]}) == 5


@pytest.mark.parametrize(
    "body", [{"role": "king"}, {"role": 4}, {"id": "mem_1"}, {"email": "a@b"}, {"suspended": "x"}]
)
async def test_nothing_but_role_and_suspension_is_changed(
    platform: Platform, body: dict[str, object]
) -> None:
    person = await platform.world.join(Role.viewer)
    owner = await platform.member(platform.world.owner)
    answer = await owner.patch(f"/api/members/{person.id}", json=body, headers={"if-match": "*"})
    assert answer.status_code == 400


async def test_the_last_owner_stays(platform: Platform) -> None:
    owner = await platform.member(platform.world.owner)
    path = f"/api/members/{platform.world.owner.id}"
    answer = await owner.patch(path, json={"role": "admin"}, headers={"if-match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_a_password_is_reset_by_a_handed_link(platform: Platform) -> None:
    person = await platform.world.join(Role.viewer)
    owner = await platform.member(platform.world.owner)
    link = (await owner.post(f"/api/members/{person.id}/password-reset")).json()
    assert link["url"] == f"{URL}/password#{link['token']}"
    body = {"token": link["token"], "password": GOOD}
    assert (await platform.client().post("/api/password", json=body)).status_code == 204
    key = await platform.key([Scope.admin])
    assert (await key.post(f"/api/members/{person.id}/password-reset")).status_code == 403


async def test_somebody_is_invited_and_comes(platform: Platform) -> None:
    owner = await platform.member(platform.world.owner)
    made = await owner.post("/api/invitations", json={"email": "new@example.com", "role": "editor"})
    assert made.status_code == 201
    invitation = made.json()
    assert invitation["url"] == f"{URL}/invitation#{invitation['token']}"
    shown = (await owner.get("/api/invitations")).json()["items"]
    assert shown == [{k: v for k, v in invitation.items() if k not in {"url", "token"}}]
    read = await owner.get(f"/api/invitations/{invitation['id']}")
    assert (read.json(), read.headers["etag"]) == (shown[0], made.headers["etag"])
    newcomer = platform.client()
    body = {"token": invitation["token"], "name": "Newcomer", "password": GOOD}
    entered = await newcomer.post("/api/invitations/accept", json=body)
    assert entered.json()["member"]["role"] == "editor"
    assert (await newcomer.get("/api/session")).json() == entered.json()
    assert (await platform.client().post("/api/invitations/accept", json=body)).status_code == 404
    assert (await owner.get("/api/invitations")).json()["items"] == []


async def test_an_invitation_is_taken_back(platform: Platform) -> None:
    owner = await platform.member(platform.world.owner)
    made = await owner.post("/api/invitations", json={"email": "new@example.com"})
    path = f"/api/invitations/{made.json()['id']}"
    assert (await owner.delete(path)).status_code == 412
    assert (await owner.delete(path, headers={"if-match": made.headers["etag"]})).status_code == 204
    body = {"token": made.json()["token"], "name": "Newcomer", "password": GOOD}
    assert (await platform.client().post("/api/invitations/accept", json=body)).status_code == 404


async def test_the_owner_of_a_prompt_invites_a_guest_who_sees_nothing_else(platform: Platform) -> None:
    for name in ("greet", "other"):
        await platform.world.prompt(name)
    editor = await platform.world.join(Role.editor)
    owner = await platform.member(platform.world.owner)
    shares = "/api/prompts/greet/shares"
    assert (await owner.put(f"{shares}/{editor.id}", json={"role": "owner"})).status_code == 200
    client = await platform.member(editor)
    order = {"email": "guest@example.com", "role": "guest", "prompt": "greet", "share": "viewer"}
    made = await client.post("/api/invitations", json=order)
    assert made.status_code == 201
    assert (await client.get(f"/api/invitations/{made.json()['id']}")).status_code == 200
    assert (await client.get("/api/invitations")).status_code == 403, "all of them are for admins"
    guest = platform.client()
    body = {"token": made.json()["token"], "name": "Guest", "password": GOOD}
    assert (await guest.post("/api/invitations/accept", json=body)).json()["member"]["role"] == "guest"
    assert (await guest.get(shares)).status_code == 200
    for path in ("/api/prompts/other/shares", "/api/prompts/none/shares"):
        assert (await guest.get(path)).status_code == 404
    assert (await guest.get("/api/members")).status_code == 403


async def test_an_editor_invites_nobody_else(platform: Platform) -> None:
    await platform.world.prompt("greet")
    client = await platform.member(await platform.world.join(Role.editor))
    for order in ({"role": "viewer"}, {"role": "guest", "prompt": "greet"}):
        answer = await client.post("/api/invitations", json={"email": "new@example.com", **order})
        assert answer.status_code == 403
