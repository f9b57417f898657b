"""Sessions, passwords and links with secrets: what peers got wrong about them."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from promptstudio.access.accounts import account_key, find_account
from promptstudio.access.member_changes import MemberChange, change_member, remove_member
from promptstudio.access.members import get_member
from promptstudio.access.principal import Role
from promptstudio.access.tokens import TokenKind, tokens_key
from promptstudio.endpoint.keys import new_secret
from promptstudio.ids import new_id, ordered_id, workspace_characters
from promptstudio.storage.port import Put
from promptstudio.workspaces.links import PREFIX as SHARE_PREFIX
from promptstudio.workspaces.links import links_key
from promptstudio.workspaces.prompt_changes import PromptOrder, create_prompt
from tests.functions.platform import Platform, platform_in

GOOD = "correct horse battery"
NOTHING: list[object] = [
    None,
    "",
    " ",
    "null",
    "None",
    "undefined",
    "0",
    0,
    False,
    [],
    {},
    ["ps_reset_"],
    "\0",
]


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        yield platform


@pytest.mark.parametrize("token", NOTHING, ids=repr)
async def test_nothing_is_no_token(platform: Platform, token: object) -> None:
    """GHSA-f6hc-c5jr-878p (Flowise): a null token matched accounts that had none, and reset passwords."""
    world = platform.world
    before = await find_account(world.store, world.owner.id)
    for path, more in (
        ("/api/password", {"password": GOOD}),
        ("/api/invitations/accept", {"password": GOOD, "name": "Eve"}),
        ("/api/shared", {}),
    ):
        answer = await platform.client().post(path, json={"token": token, **more})
        assert answer.status_code in {400, 404}
        assert "set-cookie" not in answer.headers
    assert await find_account(world.store, world.owner.id) == before


@pytest.mark.parametrize("path", ["/api/password", "/api/invitations/accept", "/api/shared"])
async def test_a_body_without_a_token_is_refused(platform: Platform, path: str) -> None:
    """GHSA-f6hc-c5jr-878p (Flowise): an absent token is none either."""
    for body in ({}, {"password": GOOD}, {"tempToken": None, "password": GOOD, "name": "Eve"}):
        assert (await platform.client().post(path, json=body)).status_code == 400


async def test_a_record_with_an_empty_key_is_no_match(platform: Platform) -> None:
    """GHSA-f6hc-c5jr-878p (Flowise): not even if the store held what an empty token could lead to."""
    world = platform.world
    rows = [
        Put(tokens_key(world.workspace), hashed, {"account": world.owner.id, "epoch": 0})
        for hashed in ("null", "-")
    ]
    await world.store.transact(rows)
    for token in ("", "null", "-"):
        answer = await platform.client().get("/sign-in", params={"token": token})
        assert answer.status_code == 404


async def test_secrets_have_too_many_bits_to_be_guessed() -> None:
    """CVE-2022-24837 (HedgeDoc): names of notes could be guessed."""
    for prefix in (SHARE_PREFIX, *TokenKind):
        texts = {new_secret(prefix, "0" * 12) for _ in range(2000)}
        assert len(texts) == 2000
        random = [text[len(prefix) + 12 : -6] for text in texts]
        assert all(len(part) == 32 for part in random)
        assert 62**32 > 2**128
        for position in range(32):
            assert len({part[position] for part in random}) == 62, "each character is chosen anew"


async def test_no_name_can_pass_for_an_id_or_a_secret(platform: Platform) -> None:
    """CVE-2023-38487 (HedgeDoc): an alias could shadow another note's id."""
    owner = await platform.member(platform.world.owner)
    secret = new_secret(SHARE_PREFIX, workspace_characters(platform.world.workspace))
    names = [new_id("prm"), ordered_id("lnk", 1.0), platform.world.workspace, platform.world.owner.id, secret]
    for name in names:
        answer = await owner.put(
            f"/api/prompts/{name}/shares/{platform.world.owner.id}", json={"role": "viewer"}
        )
        assert answer.status_code in {400, 404}
        with pytest.raises(ValueError, match="pattern"):
            PromptOrder(name=name)


async def test_a_links_id_opens_nothing(platform: Platform) -> None:
    """CVE-2022-24837 (HedgeDoc): what is listed of a link does not open it."""
    world = platform.world
    await create_prompt(world.store, world.owner, PromptOrder(name="greet", text="Hi"), now=world.clock())
    owner = await platform.member(world.owner)
    made = (await owner.post("/api/prompts/greet/links")).json()
    [listed] = (await owner.get("/api/prompts/greet/links")).json()["items"]
    [kept] = (await world.store.query(links_key(world.workspace))).items
    for text in (listed["id"], kept.sk, SHARE_PREFIX + kept.sk, "greet", made["token"].swapcase()):
        assert (await platform.client().post("/api/shared", json={"token": text})).status_code == 404


@pytest.mark.parametrize("way", ["suspended", "removed", "demoted", "signed out", "password"])
async def test_a_session_does_not_outlive_what_it_stands_on(platform: Platform, way: str) -> None:
    """CVE-2025-68663 (Outline): a suspended user's session lived on; CVE-2026-44553: a demoted one's too."""
    world = platform.world
    person = await world.join(Role.admin)
    client, other = await platform.member(person), await platform.member(person)
    assert (await client.get("/api/invitations")).status_code == 200
    expected = 401
    if way == "suspended":
        await change_member(world.store, world.owner, person.id, MemberChange(suspended=True), if_match="*")
    elif way == "removed":
        await remove_member(world.store, world.owner, person.id, if_match="*")
    elif way == "demoted":
        await change_member(world.store, world.owner, person.id, MemberChange(role=Role.editor), if_match="*")
        expected = 403
    elif way == "signed out":
        await client.delete("/api/session")
    else:
        await other.put("/api/session/password", json={"current": "", "new": GOOD})
    assert (await client.get("/api/invitations")).status_code == expected


async def test_json_in_a_form_is_no_json(platform: Platform) -> None:
    """PYSEC-2021-100 (FastAPI): text/plain was parsed as JSON, which needs no preflight."""
    body = b'{"email":"a@b.example","password":"correct horse battery"}'
    client = await platform.member(platform.world.owner)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "text/json"):
        headers = {"content-type": kind}
        assert (
            await platform.client().post("/api/session", content=body, headers=headers)
        ).status_code == 415
        assert (await client.post("/api/keys", content=b'{"name":"x"}', headers=headers)).status_code == 415


async def test_a_page_of_another_origin_changes_nothing(platform: Platform) -> None:
    """PYSEC-2021-100 (FastAPI): a cookie alone does not show that its owner meant it."""
    client = await platform.member(platform.world.owner)
    del client.headers["x-csrf-token"]
    for headers in ({}, {"x-csrf-token": ""}, {"x-csrf-token": "null"}):
        assert (await client.post("/api/keys", json={"name": "x"}, headers=headers)).status_code == 403
    again = await platform.member(platform.world.owner)
    evil = {"origin": "https://evil.example"}
    assert (await again.post("/api/keys", json={"name": "x"}, headers=evil)).status_code == 403


async def test_a_forged_address_does_not_lift_the_limit(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CVE-2026-58488 (HedgeDoc): the limit counted by a header that anybody can send."""
    monkeypatch.setattr("promptstudio.access.throttle.BY_ADDRESS", 3)
    client = platform.client()
    assert [await guess(client, number) for number in range(4)] == [401, 401, 401, 429]


async def guess(client: httpx2.AsyncClient, number: int) -> int:
    forged = f"203.0.113.{number}"
    headers = {
        "x-forwarded-for": forged,
        "x-real-ip": forged,
        "forwarded": f"for={forged}",
        "cf-connecting-ip": forged,
        "true-client-ip": forged,
    }
    body = {"email": f"nobody{number}@example.com", "password": "x"}
    return (await client.post("/api/session", json=body, headers=headers)).status_code


async def test_no_answer_shows_a_password_hash(platform: Platform) -> None:
    """GHSA-69x8-hrgq-fjj8 (LiteLLM): what is kept of a secret is in no answer."""
    world = platform.world
    person = await world.join(Role.viewer, GOOD)
    kept = await world.store.get(account_key(person.id), "account")
    assert kept is not None
    secret = str(kept.data["password_hash"])
    assert secret.startswith("$argon2id$")
    email = (await get_member(world.store, world.workspace, person.id)).value.email
    owner = await platform.member(world.owner)
    answers = [
        await platform.client().post("/api/session", json={"email": email, "password": GOOD}),
        await owner.get("/api/members"),
        await owner.get(f"/api/members/{person.id}"),
        await (await platform.member(person)).get("/api/session"),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert "argon2" not in answer.text
        assert "hash" not in answer.text
