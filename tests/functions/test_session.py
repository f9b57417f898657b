from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import httpx2
import pytest
from fastapi import Request

from promptstudio.access.accounts import find_account
from promptstudio.access.member_changes import MemberChange, change_member
from promptstudio.access.password_resets import new_reset
from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.access.sessions import LONGEST_S
from promptstudio.access.sign_in import new_sign_in_link
from promptstudio_functions.authentication import CSRF_HEADER, SESSION_COOKIE
from promptstudio_functions.peer import peer_address
from promptstudio_functions.services import PlatformSettings
from tests.functions.platform import URL, Platform, platform_in
from tests.people import workspace_in

GOOD = "correct horse battery"


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        yield platform


async def email_of(platform: Platform, who: Principal) -> str:
    found = await find_account(platform.services.store, who.id)
    assert found is not None
    return found.value.email


async def signed_in(
    platform: Platform, who: Principal, password: str = GOOD
) -> tuple[httpx2.AsyncClient, httpx2.Response]:
    """A client that keeps its cookies, as a browser does, and the answer to its sign-in."""
    client = platform.client()
    email = await email_of(platform, who)
    answer = await client.post("/api/session", json={"email": email, "password": password})
    if answer.status_code == 200:
        client.headers[CSRF_HEADER] = answer.json()["csrf_token"]
    return client, answer


async def status_with(platform: Platform, cookies: dict[str, str]) -> int:
    """What somebody is answered who has a copy of a cookie."""
    client = platform.client({"cookie": f"{SESSION_COOKIE}={cookies[SESSION_COOKIE]}"})
    return (await client.get("/api/session")).status_code


async def test_a_person_signs_in_and_out(platform: Platform) -> None:
    person = await platform.world.join(Role.editor, GOOD)
    client, answer = await signed_in(platform, person)
    body = answer.json()
    assert body["member"]["id"] == person.id
    assert body["member"]["role"] == "editor"
    assert body["workspace"] == person.workspace
    assert body["workspaces"] == [{"id": person.workspace, "name": "Acme", "role": "editor"}]
    assert "password" not in answer.text
    assert (await client.get("/api/session")).json() == body
    cookies = dict(client.cookies)
    assert (await client.delete("/api/session")).status_code == 204
    assert not client.cookies
    assert await status_with(platform, cookies) == 401


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(platform: Platform) -> None:
    person = await platform.world.join(Role.editor, GOOD)
    _, answer = await signed_in(platform, person)
    cookie = answer.headers["set-cookie"]
    attributes = set(cookie.split("; ")[1:])
    assert attributes == {"HttpOnly", "SameSite=lax", "Path=/", f"Max-Age={LONGEST_S}"}


async def test_by_https_the_cookie_is_for_https_alone(platform: Platform) -> None:
    secure = PlatformSettings(public_url="https://platform.test")
    object.__setattr__(platform.services, "settings", secure)
    person = await platform.world.join(Role.editor, GOOD)
    _, answer = await signed_in(platform, person)
    assert "; Secure" in answer.headers["set-cookie"]


async def test_a_wrong_password_and_an_unknown_address_are_answered_alike(platform: Platform) -> None:
    person = await platform.world.join(Role.editor)
    email = await email_of(platform, person)
    answers = [
        await platform.client().post("/api/session", json={"email": address, "password": GOOD})
        for address in (email, "nobody@example.com")
    ]
    told = [{k: v for k, v in answer.json().items() if k != "request_id"} for answer in answers]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert told[0] == told[1]
    assert all("set-cookie" not in answer.headers for answer in answers)


async def test_who_guesses_is_told_to_wait(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptstudio.access.throttle.BY_ACCOUNT", 2)
    person = await platform.world.join(Role.editor)
    email = await email_of(platform, person)
    for _ in range(2):
        await platform.client().post("/api/session", json={"email": email, "password": "guess"})
    answer = await platform.client().post("/api/session", json={"email": email.upper(), "password": GOOD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@b"},
        {"email": None, "password": None},
        {"email": "a@b", "password": "x", "workspace": "ws_1"},
        {"email": "a@b", "password": "x" * 2000},
        {"email": ["a@b"], "password": {}},
        {"email": "no address", "password": "x"},
    ],
)
async def test_bad_credentials_are_a_bad_request(platform: Platform, body: dict[str, object]) -> None:
    assert (await platform.client().post("/api/session", json=body)).status_code == 400


async def test_a_change_takes_the_csrf_token(platform: Platform) -> None:
    person = await platform.world.join(Role.editor, GOOD)
    client, _ = await signed_in(platform, person)
    del client.headers[CSRF_HEADER]
    assert (await client.delete("/api/session")).status_code == 403
    other, _ = await signed_in(platform, person)
    client.headers[CSRF_HEADER] = other.headers[CSRF_HEADER]
    assert (await client.delete("/api/session")).status_code == 403
    assert (await client.get("/api/session")).status_code == 200


async def test_a_changed_password_ends_all_other_sessions(platform: Platform) -> None:
    person = await platform.world.join(Role.editor, GOOD)
    client, _ = await signed_in(platform, person)
    elsewhere, _ = await signed_in(platform, person)
    wrong = await client.put("/api/session/password", json={"current": "guess", "new": "another good one"})
    assert wrong.status_code == 403
    changed = await client.put("/api/session/password", json={"current": GOOD, "new": "another good one"})
    assert changed.status_code == 200
    assert (await client.get("/api/session")).status_code == 200
    assert (await elsewhere.get("/api/session")).status_code == 401
    _, again = await signed_in(platform, person, "another good one")
    assert again.status_code == 200


async def test_a_short_password_is_refused_by_its_member(platform: Platform) -> None:
    person = await platform.world.join(Role.editor)
    client = await platform.member(person)
    answer = await client.put("/api/session/password", json={"current": "", "new": "short"})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"pointer": "/new", "message": "has 12 to 256 characters"}]


async def test_a_person_goes_to_another_workspace_of_theirs(platform: Platform) -> None:
    elsewhere = await workspace_in(platform.services.store, platform.world.clock)
    person = await platform.world.join(Role.editor, GOOD)
    await platform.world.belong(person, elsewhere.workspace, Role.viewer)
    client, _ = await signed_in(platform, person)
    here = (await client.get("/api/session")).json()["workspace"]
    there = next(
        place["id"]
        for place in (await client.get("/api/session")).json()["workspaces"]
        if place["id"] != here
    )
    before = dict(client.cookies)
    moved = await client.post("/api/session/workspace", json={"workspace": there})
    assert moved.json()["workspace"] == there
    assert moved.json()["csrf_token"] != client.headers[CSRF_HEADER]
    assert (await client.get("/api/session")).json()["workspace"] == there
    assert await status_with(platform, before) == 401


async def test_nobody_goes_to_a_foreign_workspace(platform: Platform) -> None:
    elsewhere = await workspace_in(platform.services.store, platform.world.clock)
    client = await platform.member(platform.world.owner)
    for workspace in (elsewhere.workspace, "ws_" + "0" * 12):
        answer = await client.post("/api/session/workspace", json={"workspace": workspace})
        assert answer.status_code == 404


async def test_a_one_time_link_signs_in_and_leads_to_the_first_page(platform: Platform) -> None:
    world = platform.world
    link = await new_sign_in_link(world.store, world.workspace, world.owner.id, world.clock())
    client = platform.client()
    answer = await client.get("/sign-in", params={"token": link.text})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert (await client.get("/api/session")).json()["member"]["id"] == world.owner.id
    again = await platform.client().get("/sign-in", params={"token": link.text})
    assert again.status_code == 404
    assert "set-cookie" not in again.headers


@pytest.mark.parametrize("query", ["", "?token=", "?token=null", "?token[]=x", "?token=%00", "?Token=x"])
async def test_garbage_for_a_link_signs_nobody_in(platform: Platform, query: str) -> None:
    answer = await platform.client().get("/sign-in" + query)
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


async def test_a_forgotten_password_is_replaced_by_a_handed_link(platform: Platform) -> None:
    person = await platform.world.join(Role.viewer)
    link = await new_reset(platform.services.store, platform.world.owner, person.id, platform.services.now())
    body = {"token": link.text, "password": GOOD}
    assert (await platform.client().post("/api/password", json=body)).status_code == 204
    assert (await platform.client().post("/api/password", json=body)).status_code == 404
    _, answer = await signed_in(platform, person)
    assert answer.status_code == 200


async def test_a_suspended_member_is_out_at_their_next_request(platform: Platform) -> None:
    person = await platform.world.join(Role.editor)
    client = await platform.member(person)
    assert (await client.get("/api/session")).status_code == 200
    suspended = MemberChange(suspended=True)
    await change_member(platform.services.store, platform.world.owner, person.id, suspended, if_match="*")
    assert (await client.get("/api/session")).status_code == 401


async def test_a_key_is_no_session(platform: Platform) -> None:
    client = await platform.key(list(Scope))
    for call in (client.get("/api/session"), client.delete("/api/session")):
        assert (await call).status_code == 403


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        ("198.51.100.7", ["203.0.113.9"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.2.3.4", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], "nonsense"),
        ("::1", ["2001:db8::1"], "2001:db8::1"),
    ],
)
def test_only_trusted_proxies_say_who_connected(client: str, forwarded: list[str], address: str) -> None:
    """CVE-2026-58488: whoever is throttled by address cannot name another one."""
    trusted = (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    request = Request({"type": "http", "client": (client, 1), "headers": headers})
    assert peer_address(request, PlatformSettings(URL, trusted_proxies=trusted)) == address
