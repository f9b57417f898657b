"""/api/prompts, drafts, versions and labels over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from promptstudio.access.principal import Role, Scope
from tests.functions.platform import Platform, platform_in
from tests.people import workspace_in

PROMPTS = "/api/prompts"
GREET = f"{PROMPTS}/greet"
TEXT = "---\ninput:\n  schema:\n    name: string\n---\nHello {{name}}"


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        yield platform


@pytest.fixture
async def owner(platform: Platform) -> httpx2.AsyncClient:
    """The owner of the workspace, who has a prompt `greet`."""
    client = await platform.member(platform.world.owner)
    await client.post(PROMPTS, json={"name": "greet", "text": TEXT})
    return client


async def save(client: httpx2.AsyncClient, text: str, name: str = "greet") -> httpx2.Response:
    path = f"{PROMPTS}/{name}/draft"
    etag = (await client.get(path)).headers["etag"]
    return await client.put(path, json={"text": text}, headers={"if-match": etag})


async def publish(client: httpx2.AsyncClient, name: str = "greet", **body: Any) -> httpx2.Response:
    etag = (await client.get(f"{PROMPTS}/{name}/draft")).headers["etag"]
    return await client.post(f"{PROMPTS}/{name}/versions", json=body, headers={"if-match": etag})


async def test_a_prompt_from_its_first_draft_to_a_rollback(owner: httpx2.AsyncClient) -> None:
    first = await publish(owner, message="First words", labels=["production"])
    assert (first.status_code, first.json()["number"], first.json()["semver"]) == (201, 1, "1.0.0")
    saved = await save(owner, TEXT + "!")
    assert (saved.status_code, saved.json()["findings"]) == (200, [])
    proposal = (await owner.get(f"{GREET}/proposal")).json()
    assert (proposal["number"], proposal["semver"], proposal["level"]) == (2, "1.0.1", "patch")
    assert (await publish(owner, labels=["production"])).json()["number"] == 2
    prompt = await owner.get(GREET)
    assert (prompt.json()["labels"], prompt.json()["latest"]) == ({"production": 2}, 2)
    back = await owner.post(
        f"{GREET}/labels/production/rollback", headers={"if-match": prompt.headers["etag"]}
    )
    assert back.json()["labels"] == {"production": 1}
    assert [entry["what"] for entry in (await owner.get(f"{GREET}/history")).json()["items"]] != []
    versions = (await owner.get(f"{GREET}/versions")).json()["items"]
    assert [(row["number"], row["message"], "text" in row) for row in versions] == [
        (2, "", False),
        (1, "First words", False),
    ]
    version = await owner.get(f"{GREET}/versions/1")
    assert (version.json()["text"], version.json()["partials"]) == (TEXT, {})
    assert version.headers["etag"] == first.headers["etag"]


async def test_what_is_created_is_answered_with_its_etag_and_listed(owner: httpx2.AsyncClient) -> None:
    made = await owner.post(
        PROMPTS,
        json={"name": "other", "folder": "a/b", "tags": ["x"], "text": "---\ndescription: Rare\n---\n"},
    )
    assert made.status_code == 201
    read = await owner.get(f"{PROMPTS}/other")
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    assert set(made.json()) == {
        *("id", "name", "folder", "tags", "description", "labels", "protected", "aliases", "latest"),
        *("created_at", "created_by", "updated_at", "updated_by"),
    }
    for query, names in (
        ("", ["greet", "other"]),
        ("?q=rare", ["other"]),
        ("?folder=a", ["other"]),
        ("?tag=x", ["other"]),
        ("?tag=y", []),
        ("?q=hello", ["greet"]),
    ):
        page = await owner.get(PROMPTS + query)
        assert [row["name"] for row in page.json()["items"]] == names, query
    first = (await owner.get(f"{PROMPTS}?limit=1")).json()
    rest = (await owner.get(PROMPTS, params={"cursor": first["next_cursor"]})).json()
    assert ([row["name"] for row in rest["items"]], "next_cursor" in rest) == (["other"], False)


async def test_every_change_takes_the_etag_of_what_it_changes(owner: httpx2.AsyncClient) -> None:
    await publish(owner)
    changes: list[tuple[str, str, dict[str, Any] | None]] = [
        ("PATCH", GREET, {"folder": "x"}),
        ("PUT", f"{GREET}/draft", {"text": "x"}),
        ("POST", f"{GREET}/versions", {}),
        ("PUT", f"{GREET}/labels/production", {"version": 1}),
        ("DELETE", f"{GREET}/labels/production", None),
        ("POST", f"{GREET}/labels/production/rollback", None),
        ("DELETE", GREET, None),
        ("PATCH", "/api/workspace", {"name": "x"}),
    ]
    await owner.put(
        f"{GREET}/labels/production",
        json={"version": 1},
        headers={"if-match": (await owner.get(GREET)).headers["etag"]},
    )
    for method, path, body in changes:
        for headers in ({}, {"if-match": '"prm_old.1"'}):
            answer = await owner.request(method, path, json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed"), (method, path)


async def test_a_breaking_change_is_refused_with_its_reasons(owner: httpx2.AsyncClient) -> None:
    await publish(owner)
    await save(owner, TEXT.replace("name: string", "name: string\n    tone: string"))
    refused = await publish(owner)
    assert refused.status_code == 409
    assert refused.json()["errors"] == [
        {"pointer": "/breaking", "message": "The variable tone has to be given now."}
    ]
    assert (await publish(owner, breaking=True)).json()["semver"] == "2.0.0"


async def test_errors_of_a_draft_are_told_by_place_and_stop_publishing(owner: httpx2.AsyncClient) -> None:
    saved = await save(owner, "Hello\n{{#if x}}")
    assert saved.status_code == 200
    (found,) = saved.json()["findings"]
    assert (found["line"], found["severity"], "partial" in found) == (2, "error", False)
    assert (await owner.get(f"{GREET}/draft")).json() == saved.json()
    refused = await publish(owner)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/text"


async def test_a_difference_is_told_between_versions_and_the_draft(owner: httpx2.AsyncClient) -> None:
    await publish(owner)
    await save(owner, TEXT.replace("Hello", "Hi").replace("---\ninput", "---\nmodel: echo/echo\ninput"))
    answer = await owner.get(f"{GREET}/diff?from=1&to=draft")
    assert answer.status_code == 200
    found = answer.json()
    assert found["settings"] == [{"name": "model", "change": "added", "after": "echo/echo"}]
    assert [change["op"] for change in found["text"][0]] == ["replace"]
    for query, status in (
        ("from=1", 400),
        ("from=1&to=2", 404),
        ("from=0&to=1", 400),
        ("from=draft&to=latest", 400),
        ("from=1&to=99999999999999999999", 400),
    ):
        assert (await owner.get(f"{GREET}/diff?{query}")).status_code == status, query


async def test_labels_are_listed_with_their_protection(owner: httpx2.AsyncClient) -> None:
    await publish(owner, labels=["production", "staging"])
    etag = (await owner.get(GREET)).headers["etag"]
    patched = await owner.patch(GREET, json={"protected": ["production"]}, headers={"if-match": etag})
    listed = await owner.get(f"{GREET}/labels")
    assert listed.json()["items"] == [
        {"name": "production", "version": 1, "protected": True},
        {"name": "staging", "version": 1, "protected": False},
    ]
    assert listed.headers["etag"] == patched.headers["etag"]


async def test_a_protected_label_takes_an_admin(platform: Platform, owner: httpx2.AsyncClient) -> None:
    await publish(owner)
    etag = (await owner.get(GREET)).headers["etag"]
    await owner.patch(GREET, json={"protected": ["production"]}, headers={"if-match": etag})
    clients = {
        "editor": await platform.member(await platform.world.join(Role.editor)),
        "key": await platform.key([Scope.write, Scope.read]),
    }
    for client in clients.values():
        for path, status in (("production", 403), ("staging", 200)):
            etag = (await client.get(GREET)).headers["etag"]
            answer = await client.put(
                f"{GREET}/labels/{path}", json={"version": 1}, headers={"if-match": etag}
            )
            assert answer.status_code == status
        refused = await client.patch(GREET, json={"protected": []}, headers={"if-match": "*"})
        assert refused.status_code == 403
    author = await platform.world.join(Role.editor)
    share = f"{GREET}/shares/{author.id}"
    assert (await owner.put(share, json={"role": "owner"})).status_code == 200
    async with await platform.member(author) as client:  # owner of the prompt, and yet no admin
        answer = await client.put(
            f"{GREET}/labels/production", json={"version": 1}, headers={"if-match": "*"}
        )
        assert answer.status_code == 403
        assert (
            await client.patch(GREET, json={"protected": []}, headers={"if-match": "*"})
        ).status_code == 403
    admin = await platform.key([Scope.admin])
    moved = await admin.put(f"{GREET}/labels/production", json={"version": 1}, headers={"if-match": "*"})
    assert moved.status_code == 200


async def test_roles_look_change_and_delete(platform: Platform, owner: httpx2.AsyncClient) -> None:
    await publish(owner)
    changes = [
        ("POST", PROMPTS, {"name": "new"}),
        ("PATCH", GREET, {"folder": "x"}),
        ("PUT", f"{GREET}/draft", {"text": "x"}),
        ("POST", f"{GREET}/versions", {}),
        ("PUT", f"{GREET}/labels/production", {"version": 1}),
        ("PUT", "/api/partials/tone", {"text": "x"}),
        ("DELETE", GREET, None),
        ("PATCH", "/api/workspace", {"name": "x"}),
    ]
    looks = [GREET, *(f"{GREET}/{part}" for part in ("draft", "proposal", "versions", "labels", "history"))]
    viewer = await platform.member(await platform.world.join(Role.viewer))
    reader = await platform.key([Scope.read])
    for client in (viewer, reader):
        for path in (*looks, f"{GREET}/versions/1", PROMPTS, "/api/partials", "/api/workspace"):
            assert (await client.get(path)).status_code == 200, path
        for method, path, body in changes:
            answer = await client.request(method, path, json=body, headers={"if-match": "*"})
            assert answer.status_code == 403, (method, path)
    editor = await platform.member(await platform.world.join(Role.editor))
    assert (await editor.delete(GREET, headers={"if-match": "*"})).status_code == 403
    made = await editor.post(PROMPTS, json={"name": "mine"})
    assert made.status_code == 201
    own = await editor.delete(f"{PROMPTS}/mine", headers={"if-match": made.headers["etag"]})
    assert own.status_code == 204, "who creates a prompt owns it"
    runner = await platform.key([Scope.run])
    assert (await runner.get(PROMPTS)).status_code == 403


async def test_guests_and_limited_keys_see_their_prompts_alone(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    await owner.post(PROMPTS, json={"name": "other"})
    person = await platform.world.join(Role.guest)
    guest = await platform.member(person)
    assert (await guest.get(PROMPTS)).json()["items"] == []
    assert (await guest.get(GREET)).status_code == 404
    await owner.put(f"{GREET}/shares/{person.id}", json={"role": "editor"})
    assert [row["name"] for row in (await guest.get(PROMPTS)).json()["items"]] == ["greet"]
    assert (await guest.get(f"{PROMPTS}/other")).status_code == 404
    assert (await save(guest, "By a guest")).status_code == 200
    assert (await guest.post(PROMPTS, json={"name": "new"})).status_code == 403
    key = await platform.key([Scope.read, Scope.write], ["other"])
    assert [row["name"] for row in (await key.get(PROMPTS)).json()["items"]] == ["other"]
    assert (await key.get(GREET)).status_code == 403
    assert (await key.post(PROMPTS, json={"name": "new"})).status_code == 403
    assert (await key.put("/api/partials/tone", json={"text": "x"})).status_code == 403


async def test_nobody_reaches_another_workspaces_prompts(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    await publish(owner)
    await owner.put("/api/partials/tone", json={"text": "x"})
    stranger = await platform.member(await workspace_in(platform.services.store, platform.world.clock))
    assert (await stranger.get(PROMPTS)).json()["items"] == []
    assert (await stranger.get("/api/partials")).json()["items"] == []
    requests: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", GREET, None),
        ("PATCH", GREET, {"folder": "x"}),
        ("DELETE", GREET, None),
        ("GET", f"{GREET}/draft", None),
        ("PUT", f"{GREET}/draft", {"text": "x"}),
        ("GET", f"{GREET}/proposal", None),
        ("GET", f"{GREET}/versions", None),
        ("POST", f"{GREET}/versions", {}),
        ("GET", f"{GREET}/versions/1", None),
        ("GET", f"{GREET}/diff?from=1&to=1", None),
        ("GET", f"{GREET}/labels", None),
        ("PUT", f"{GREET}/labels/production", {"version": 1}),
        ("DELETE", f"{GREET}/labels/production", None),
        ("POST", f"{GREET}/labels/production/rollback", None),
        ("GET", f"{GREET}/history", None),
        ("GET", "/api/partials/tone", None),
        ("DELETE", "/api/partials/tone", None),
    ]
    for method, path, body in requests:
        answer = await stranger.request(method, path, json=body, headers={"if-match": "*"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, path)
    assert (await owner.get(GREET)).status_code == 200


@pytest.mark.parametrize(
    "member", ["id", "workspace", "created_by", "latest", "semver", "labels", "searched"]
)
async def test_what_the_platform_decides_cannot_be_sent_along(owner: httpx2.AsyncClient, member: str) -> None:
    """security.md (a), Tenancy: Flowise let bodies assign ids and workspaces."""
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", PROMPTS, {"name": "new"}),
        ("PATCH", GREET, {}),
        ("PUT", f"{GREET}/draft", {"text": "x"}),
        ("PUT", "/api/partials/tone", {"text": "x"}),
    ]
    for method, path, body in bodies:
        answer = await owner.request(method, path, json={**body, member: "x"}, headers={"if-match": "*"})
        assert answer.status_code == 400, (method, path)
        assert answer.json()["errors"] == [
            {"pointer": f"/{member}", "message": "is not a member of this body"}
        ]


@pytest.mark.parametrize(
    "name", ["Greet", "a_b", "..", "%00", "a%2Fb", "\u202e", "__proto__", "a" * 64, "é", "a;b", "a\\b"]
)
async def test_hostile_names_are_refused_everywhere(
    platform: Platform, owner: httpx2.AsyncClient, name: str
) -> None:
    path = name if "%" in name else quote(name, safe=".")
    viewer = await platform.member(await platform.world.join(Role.viewer))
    guest = await platform.member(await platform.world.join(Role.guest))
    key = await platform.key([Scope.admin])
    for client in (owner, viewer, guest, key):
        for suffix in ("", "/draft", "/versions", "/labels", "/history", "/proposal"):
            answer = await client.get(f"{PROMPTS}/{path}{suffix}")
            assert answer.status_code in (400, 403, 404, 405), suffix
    created = await owner.post(PROMPTS, json={"name": name})
    assert (created.status_code, created.json()["errors"][0]["pointer"]) == (400, "/name")
    label = await owner.put(f"{GREET}/labels/{path}", json={"version": 1}, headers={"if-match": "*"})
    assert label.status_code in (400, 404, 405)


@pytest.mark.parametrize("folder", ["..", "../x", "/etc", "a/../b", "a\x00b", "a\u202eb", ".git", "a//b"])
async def test_hostile_folders_are_refused(owner: httpx2.AsyncClient, folder: str) -> None:
    answer = await owner.post(PROMPTS, json={"name": "new", "folder": folder})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/folder")
    changed = await owner.patch(GREET, json={"folder": folder}, headers={"if-match": "*"})
    assert changed.status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        "{{__proto__.polluted}}",
        "{x.__class__}",
        "\x00",
        "\u202egnp.exe",
        "{{{{raw}}}}",
        "%s %n {0}",
        "\ufeff",
    ],
)
async def test_hostile_texts_are_kept_as_they_are(owner: httpx2.AsyncClient, text: str) -> None:
    assert (await save(owner, text)).json()["text"] == text
    assert (await owner.get(f"{GREET}/draft")).json()["text"] == text
    await owner.get(PROMPTS, params={"q": text})


async def test_texts_that_are_too_large_or_no_text_are_refused(owner: httpx2.AsyncClient) -> None:
    answer = await owner.put(
        f"{GREET}/draft", json={"text": "x" * (256 * 1024 + 1)}, headers={"if-match": "*"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/text")
    surrogate = await owner.put(
        f"{GREET}/draft",
        content=b'{"text": "\\ud800"}',
        headers={"if-match": "*", "content-type": "application/json"},
    )
    assert surrogate.status_code == 400
    quotes = await owner.put(f"{GREET}/draft", json={"text": '"' * 256 * 1024}, headers={"if-match": "*"})
    assert quotes.status_code == 413


async def test_a_name_is_given_once(owner: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(owner.post(PROMPTS, json={"name": "once"}) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]


async def test_parallel_publishes_are_numbered_or_refused(owner: httpx2.AsyncClient) -> None:
    async def attempt(number: int) -> httpx2.Response:
        return await owner.post(
            f"{GREET}/versions", json={"text": f"text {number}", "breaking": True}, headers={"if-match": "*"}
        )

    answers = await asyncio.gather(*(attempt(number) for number in range(20)))
    numbers = sorted(answer.json()["number"] for answer in answers if answer.status_code == 201)
    assert numbers == list(range(1, len(numbers) + 1))
    assert {answer.status_code for answer in answers} <= {201, 412}
    assert (await owner.get(GREET)).json()["latest"] == len(numbers)


async def test_a_deleted_prompt_is_gone(owner: httpx2.AsyncClient) -> None:
    etag = (await owner.get(GREET)).headers["etag"]
    assert (await owner.delete(GREET, headers={"if-match": etag})).status_code == 204
    assert (await owner.get(GREET)).status_code == 404
    assert (await owner.delete(GREET, headers={"if-match": etag})).status_code == 404
