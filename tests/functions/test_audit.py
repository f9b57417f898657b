"""The audit log of a workspace as people meet it: what its entries say, sign-ins, and the export."""

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import httpx2
import pytest

from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.access.throttle import BY_ACCOUNT, WINDOW_S
from promptstudio.audit.chain import Head
from promptstudio.audit.log import audit_key
from promptstudio.audit.verify import Verdict, verify
from promptstudio.storage.port import Delete, Put, Store, Unavailable, Write
from tests.functions.platform import Platform, platform_in
from tests.functions.test_session import GOOD, email_of, signed_in
from tests.people import workspace_in

_P = ParamSpec("_P")
_T = TypeVar("_T")


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        yield platform


@pytest.fixture
async def owner(platform: Platform) -> httpx2.AsyncClient:
    return await platform.member(platform.world.owner)


async def entries(client: httpx2.AsyncClient, count: int = 100) -> list[dict[str, Any]]:
    """The newest entries, oldest first."""
    answer = await client.get("/api/audit", params={"limit": count})
    assert answer.status_code == 200
    return list(reversed(answer.json()["items"]))


async def exported(client: httpx2.AsyncClient) -> list[bytes]:
    answer = await client.get("/api/audit/export")
    assert answer.headers["content-type"] == "application/jsonl"
    return answer.content.removesuffix(b"\n").split(b"\n")


def judged(platform: Platform, lines: list[bytes], head: Head | None = None) -> Verdict:
    workspace = platform.world.workspace
    return verify(lines, key=platform.services.audit.key(workspace), workspace=workspace, head=head)


async def test_an_entry_says_who_did_what_from_where_and_what_it_was_before(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    person = await platform.world.join(Role.viewer)
    change = owner.patch(
        f"/api/members/{person.id}",
        json={"role": "editor"},
        headers={"if-match": "*", "user-agent": "Firefox " + "x" * 500},
    )
    assert (await change).status_code == 200
    (entry,) = await entries(owner)
    who = platform.world.owner
    assert entry["actor"] == {"kind": "member", "id": who.id, "name": who.name}
    assert entry["action"] == "member.changed"
    assert entry["target"] == {"kind": "member", "id": person.id, "name": person.name}
    assert (entry["before"], entry["after"]) == ({"role": "viewer"}, {"role": "editor"})
    assert entry["from"]["ip"] == "127.0.0.1"
    assert entry["from"]["session"].startswith("ses_")
    assert entry["from"]["user_agent"] == ("Firefox " + "x" * 500)[:200]
    assert "key" not in entry["from"]
    assert (entry["seq"], entry["at"]) == (1, "2027-01-15T08:00:00.000Z")


async def test_a_key_acts_under_its_own_name(platform: Platform, owner: httpx2.AsyncClient) -> None:
    key = await platform.key([Scope.write])
    assert (await key.post("/api/prompts", json={"name": "greet", "text": "Hello"})).status_code == 201
    saved = key.put("/api/prompts/greet/draft", json={"text": "Hi" * 600}, headers={"if-match": "*"})
    assert (await saved).status_code == 200
    created, draft = await entries(owner)
    assert created["actor"]["kind"] == "key"
    assert created["actor"]["id"] == created["from"]["key"]
    assert (created["target"]["kind"], created["target"]["name"]) == ("prompt", "greet")
    assert draft["target"]["name"] == "greet"
    assert draft["before"]["text"] == "Hello"
    assert draft["after"]["text"]["bytes"] == 1200


async def test_what_changes_nothing_leaves_no_entry(platform: Platform, owner: httpx2.AsyncClient) -> None:
    made = (await owner.post("/api/keys", json={"name": "ci", "scopes": ["read"]})).json()
    for _ in range(2):
        await owner.delete(f"/api/keys/{made['id']}", headers={"if-match": "*"})
    await owner.delete(f"/api/keys/{made['id']}", headers={"if-match": '"1"'})
    await owner.post("/api/keys", json={"name": "ci", "scopes": ["nonsense"]})
    await owner.get(f"/api/keys/{made['id']}")
    assert [entry["action"] for entry in await entries(owner)] == ["key.created", "key.revoked"]


async def test_a_workspace_that_is_only_renamed_has_changed_no_settings(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    for change in ({"name": "Acme Ltd"}, {"prices": {"a/b": {"input": "1", "output": "2"}}}):
        answer = await owner.patch("/api/workspace", json=change, headers={"if-match": "*"})
        assert answer.status_code == 200
    assert [entry["action"] for entry in await entries(owner)] == ["workspace.renamed", "settings.changed"]


async def test_secrets_are_told_by_nobodys_entry(platform: Platform, owner: httpx2.AsyncClient) -> None:
    secret = "sk-canary-0123456789abcdef"
    provider = {"type": "openai", "base_url": "http://127.0.0.1:5999/v1", "secret": secret}
    assert (await owner.put("/api/providers/acme", json=provider)).status_code == 201
    made = (await owner.post("/api/keys", json={"name": "ci", "scopes": ["read"]})).json()
    text = f"Use {made['key']}, please"
    await owner.put("/api/partials/tone", json={"text": text})
    person = await platform.world.join(Role.editor, GOOD)
    client, _ = await signed_in(platform, person)
    await client.put("/api/session/password", json={"current": GOOD, "new": "another good one"})
    told = [entry["action"] for entry in await entries(owner)]
    signed = ["session.began", "password.changed", "session.began"]
    assert told == ["provider.saved", "key.created", "partial.saved", *signed]
    export = b"\n".join(await exported(owner)).decode()
    for hidden in (secret, made["key"], GOOD, "another good one", "argon2", '"v1.', *client.cookies.values()):
        assert hidden not in export


async def test_signing_in_and_out_is_told_and_as_whom(platform: Platform, owner: httpx2.AsyncClient) -> None:
    person = await platform.world.join(Role.editor, GOOD)
    client, _ = await signed_in(platform, person)
    await client.delete("/api/session")
    began, ended = await entries(owner)
    assert [began["action"], ended["action"]] == ["session.began", "session.ended"]
    assert began["actor"] == ended["actor"] == {"kind": "member", "id": person.id, "name": person.name}
    assert began["target"] == {"kind": "session", "id": ended["target"]["id"]}
    assert ended["from"]["session"] == began["target"]["id"]


async def test_a_refused_sign_in_is_told_wherever_the_account_belongs(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    person = await platform.world.join(Role.editor, GOOD)
    other = await workspace_in(platform.world.store, platform.world.clock)
    await platform.world.belong(person, other.workspace, Role.viewer)
    _, answer = await signed_in(platform, person, "not the password")
    assert answer.status_code == 401
    for client in (owner, await platform.member(other)):
        (entry,) = await entries(client)
        assert entry["action"] == "sign_in.failed"
        assert entry["target"] == {"kind": "member", "id": person.id, "name": person.name}
        assert entry["actor"] == {"kind": "address", "id": "127.0.0.1", "name": ""}
        assert "not the password" not in json.dumps(entry)


async def test_a_log_that_cannot_be_written_keeps_no_other_from_its_entry(
    platform: Platform, owner: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attempts that come too often are told once in a window, and so have to be told in each workspace."""
    monkeypatch.setattr("promptstudio.access.throttle.BY_ACCOUNT", 0)
    person = await platform.world.join(Role.editor, GOOD)
    other = await workspace_in(platform.world.store, platform.world.clock)
    await platform.world.belong(person, other.workspace, Role.viewer)
    clients = {platform.world.workspace: owner, other.workspace: await platform.member(other)}
    first = min(clients)
    transact = platform.world.store.transact

    async def without_first(writes: Sequence[Write], *, operation: str | None = None) -> list[dict[str, int]]:
        if any(write.pk == audit_key(first) for write in writes):
            raise Unavailable
        return await transact(writes, operation=operation)

    monkeypatch.setattr(platform.world.store, "transact", without_first)
    assert (await signed_in(platform, person))[1].status_code == 503
    monkeypatch.setattr(platform.world.store, "transact", transact)
    for _ in range(2):
        assert (await signed_in(platform, person))[1].status_code == 429
    for client in clients.values():
        assert [entry["action"] for entry in await entries(client)] == ["sign_in.throttled"]


async def test_a_wrong_present_password_is_told_too(platform: Platform, owner: httpx2.AsyncClient) -> None:
    person = await platform.world.join(Role.editor, GOOD)
    client, _ = await signed_in(platform, person)
    change = {"current": "a wrong password", "new": "another good one"}
    assert (await client.put("/api/session/password", json=change)).status_code == 403
    assert [entry["action"] for entry in await entries(owner)] == ["session.began", "sign_in.failed"]


async def test_an_invitation_that_is_accepted_with_a_wrong_password_is_told(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    other = await workspace_in(platform.world.store, platform.world.clock)
    email = await email_of(platform, other)
    invited = (await owner.post("/api/invitations", json={"email": email})).json()
    body = {"token": invited["token"], "name": "Me", "password": "a wrong password"}
    assert (await platform.client().post("/api/invitations/accept", json=body)).status_code == 401
    (entry,) = await entries(await platform.member(other))
    assert entry["action"] == "sign_in.failed"
    assert [each["action"] for each in await entries(owner)] == ["invitation.created"]


async def test_attempts_without_end_are_told_in_a_bounded_number_of_entries(
    platform: Platform, owner: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptstudio.access.throttle.BY_ACCOUNT", 3)
    person = await platform.world.join(Role.editor)
    for _ in range(2):
        answers = [(await signed_in(platform, person))[1].status_code for _ in range(7)]
        assert answers == [401] * 3 + [429] * 4
        platform.world.clock.now += WINDOW_S
    told = [entry["action"] for entry in await entries(owner)]
    assert told == [*["sign_in.failed"] * 3, "sign_in.throttled"] * 2
    assert BY_ACCOUNT == 20


async def test_who_is_let_in_nowhere_is_told_of_once_however_often_they_come(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    """A right password takes its attempt back, so that the throttle bounds nothing here."""
    person = await platform.world.join(Role.editor, GOOD)
    suspended = owner.patch(f"/api/members/{person.id}", json={"suspended": True}, headers={"if-match": "*"})
    assert (await suspended).status_code == 200
    for _ in range(3):
        assert (await signed_in(platform, person))[1].status_code == 403
    assert [entry["action"] for entry in await entries(owner)] == ["member.changed", "sign_in.shut_out"]


async def test_an_address_that_nobody_has_costs_as_many_writes_and_leaves_nothing_for_long(
    platform: Platform, owner: httpx2.AsyncClient, tmp_path: Path
) -> None:
    """Otherwise the time of an answer told who has an account, or whoever asks could fill the store."""
    body = {"email": "nobody@example.com", "password": GOOD}
    person = await platform.world.join(Role.editor, GOOD)
    with counted(platform.world.store) as of_nobody:
        assert (await platform.client().post("/api/session", json=body)).status_code == 401
    with counted(platform.world.store) as of_somebody:
        assert (await signed_in(platform, person, "not the password"))[1].status_code == 401
    assert of_nobody["transact"] == of_somebody["transact"] == 2
    assert of_nobody["query"] == of_somebody["query"] == 1
    assert (await platform.client().post("/api/session", json=body)).status_code == 401
    assert [entry["target"]["id"] for entry in await entries(owner)] == [person.id]
    now = platform.world.clock()
    nobodys = [row for row in ends(tmp_path) if row[0].startswith("sys#nobody#")]
    assert len(nobodys) == 3  # two entries and their head
    assert all(end is not None and now < end <= now + WINDOW_S for _, end in nobodys)


@contextmanager
def counted(store: Store) -> Iterator[Counter[str]]:
    """How often each verb of a store is called meanwhile."""
    counts: Counter[str] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("get", "query", "transact"):
            patch.setattr(store, name, _counting(getattr(store, name), name, counts))
        yield counts


def _counting(
    verb: Callable[_P, Awaitable[_T]], name: str, counts: Counter[str]
) -> Callable[_P, Awaitable[_T]]:
    async def counting(*given: _P.args, **named: _P.kwargs) -> _T:
        counts[name] += 1
        return await verb(*given, **named)

    return counting


def ends(folder: Path) -> list[tuple[str, int | None]]:
    """The partition of each item in a store's file, and when it ends."""
    (file,) = folder.glob("*.db")
    database = sqlite3.connect(file)
    try:
        found = database.execute("SELECT pk, expires_at FROM items").fetchall()
    finally:
        database.close()
    return [(pk.decode(), end) for pk, end in found]


async def test_an_export_is_found_to_be_the_log_and_its_head_can_be_noted(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    for number in range(5):
        await owner.post("/api/prompts", json={"name": f"greet-{number}"})
    earlier = judged(platform, await exported(owner))
    assert (earlier.finding, earlier.head.seq) == (None, 5)
    await owner.delete("/api/prompts/greet-0", headers={"if-match": "*"})
    lines = await exported(owner)
    assert judged(platform, lines, earlier.head).finding is None
    rest = await owner.get("/api/audit/export", params={"after": 5})
    assert rest.content.split(b"\n")[0] == lines[5]
    assert len(rest.content.splitlines()) == 2


async def test_an_export_of_a_log_without_entries_says_so(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    lines = await exported(owner)
    assert len(lines) == 1
    assert judged(platform, lines).finding is None


async def test_whoever_can_write_the_store_is_found_out(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    for number in range(6):
        await owner.post("/api/prompts", json={"name": f"greet-{number}"})
    noted, store = judged(platform, await exported(owner)).head, platform.world.store
    pk = f"{platform.world.workspace}#audit"
    item = await store.get(pk, "entry#000000000003")
    assert item is not None
    forged = str(item.data["line"]).replace("greet-2", "greet-x")
    await store.transact([Put(pk, item.sk, {"line": forged})])
    assert str(judged(platform, await exported(owner)).finding).startswith("Entry 3 is altered")
    await store.transact([Delete(pk, item.sk)])
    assert str(judged(platform, await exported(owner)).finding).startswith("Entry 3 is missing")
    await store.transact([Put(pk, item.sk, item.data)])
    kept = await store.get(pk, "entry#000000000004")
    assert kept is not None
    digest = json.loads(str(kept.data["line"]))["previous"]
    back = Put(pk, "head", {"seq": 3, "hash": digest})
    await store.transact([back, *(Delete(pk, f"entry#{number:012d}") for number in (4, 5, 6))])
    assert judged(platform, await exported(owner)).finding is None
    finding = judged(platform, await exported(owner), noted).finding
    assert str(finding).startswith("Entry 4 is cut off")


async def test_the_list_goes_back_page_by_page(platform: Platform, owner: httpx2.AsyncClient) -> None:
    for number in range(5):
        await owner.post("/api/prompts", json={"name": f"greet-{number}"})
    found: list[int] = []
    cursor = None
    while cursor is not None or not found:
        params = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
        page = (await owner.get("/api/audit", params=params)).json()
        found += [entry["seq"] for entry in page["items"]]
        cursor = page.get("next_cursor")
    assert found == [5, 4, 3, 2, 1]
    wrong = await owner.get("/api/audit", params={"cursor": "aGVhZA"})
    assert wrong.status_code == 400


async def test_changes_at_the_same_moment_are_each_told_once(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    """Of ten who save one draft under one ETag one is let through; the others are refused as ever."""
    await owner.post("/api/prompts", json={"name": "greet", "text": "Hello"})
    etag = (await owner.get("/api/prompts/greet/draft")).headers["etag"]
    answers = await asyncio.gather(
        *(
            owner.put("/api/prompts/greet/draft", json={"text": f"Hello {n}"}, headers={"if-match": etag})
            for n in range(10)
        ),
        *(owner.post("/api/keys", json={"name": f"k{n}", "scopes": ["read"]}) for n in range(10)),
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[201] * 10, *[412] * 9]
    told = sorted(entry["action"] for entry in await entries(owner))
    assert told == ["draft.saved", *["key.created"] * 10, "prompt.created"]
    assert judged(platform, await exported(owner)).finding is None


async def test_the_largest_change_that_there_is_has_room_for_its_entry(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    """A version whose texts fill a transaction, with all its aliases in the place of as many others."""
    names = [f"part-{letter}" for letter in "abcde"]
    for name in names:
        large = await owner.put(f"/api/partials/{name}", json={"text": name[-1] * 190_000})
        assert large.status_code == 201
    await owner.post("/api/prompts", json={"name": "greet"})
    for aliases, body in (("v-w-x-y-z", "Hi"), ("f-g-h-i-j", "".join(f"{{{{> {name}}}}}" for name in names))):
        listed = ", ".join(f"alias-{letter}" for letter in aliases.split("-"))
        text = f"---\nmodel: echo/echo\npromptstudio:\n  aliases: [{listed}]\n---\n{body}"
        order = {"text": text, "breaking": True}
        published = owner.post("/api/prompts/greet/versions", json=order, headers={"if-match": "*"})
        assert (await published).status_code == 201, (await published).text
    assert (await entries(owner, 1))[0]["action"] == "prompt.published"


async def test_another_workspaces_log_is_not_told(platform: Platform, owner: httpx2.AsyncClient) -> None:
    other: Principal = await workspace_in(platform.world.store, platform.world.clock)
    await owner.post("/api/prompts", json={"name": "greet"})
    stranger = await platform.member(other)
    assert await entries(stranger) == []
    assert len(await exported(stranger)) == 1
