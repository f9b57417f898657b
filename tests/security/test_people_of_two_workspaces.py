"""Members, invitations, keys, shares and links of two workspaces that must not touch."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.workspaces.prompt_changes import PromptOrder, create_prompt
from tests.functions.platform import Platform, platform_in
from tests.people import workspace_in

MATCH = {"if-match": "*"}


@dataclass(frozen=True, slots=True)
class Side:
    """One workspace with one of everything, and the ways in that its owner has."""

    owner: Principal
    session: httpx2.AsyncClient
    key: httpx2.AsyncClient
    ids: dict[str, str]

    @property
    def ways(self) -> list[httpx2.AsyncClient]:
        return [self.session, self.key]


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        yield platform


@pytest.fixture
async def sides(platform: Platform) -> tuple[Side, Side]:
    """Two workspaces; each has a prompt `shared-name` and one of its own name."""
    other = await workspace_in(platform.services.store, platform.world.clock)
    return await side(platform, platform.world.owner, "mine"), await side(platform, other, "theirs")


async def side(platform: Platform, owner: Principal, prompt: str) -> Side:
    store, now = platform.services.store, platform.services.now()
    for name in (prompt, "shared-name"):
        await create_prompt(store, owner, PromptOrder(name=name, text=f"Text of {prompt}"), now=now)
    person = await platform.world.join(Role.viewer, workspace=owner.workspace)
    session = await platform.member(owner)
    key = await platform.key([Scope.admin], by=owner)
    shares = f"/api/prompts/{prompt}/shares/{person.id}"
    assert (await session.put(shares, json={"role": "viewer"})).status_code == 200
    invited = await session.post("/api/invitations", json={"email": f"{prompt}@example.com"})
    linked = await session.post(f"/api/prompts/{prompt}/links")
    made = await session.post("/api/keys", json={"name": prompt})
    ids = {
        "prompt": prompt,
        "member": person.id,
        "invitation": invited.json()["id"],
        "link": linked.json()["id"],
        "key": made.json()["id"],
    }
    return Side(owner, session, key, ids)


ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/api/members/{member}", None),
    ("PATCH", "/api/members/{member}", {"role": "editor"}),
    ("DELETE", "/api/members/{member}", None),
    ("GET", "/api/invitations/{invitation}", None),
    ("DELETE", "/api/invitations/{invitation}", None),
    ("GET", "/api/keys/{key}", None),
    ("PATCH", "/api/keys/{key}", {"name": "x"}),
    ("DELETE", "/api/keys/{key}", None),
    ("POST", "/api/keys/{key}/rotate", {"overlap_s": 0}),
    ("GET", "/api/prompts/{prompt}/shares", None),
    ("GET", "/api/prompts/{prompt}/links", None),
    ("POST", "/api/prompts/{prompt}/links", {}),
]
PAIRS: list[tuple[str, str, Any]] = [
    ("GET", "/api/prompts/{prompt}/shares/{member}", None),
    ("PUT", "/api/prompts/{prompt}/shares/{member}", {"role": "owner"}),
    ("DELETE", "/api/prompts/{prompt}/shares/{member}", None),
    ("GET", "/api/prompts/{prompt}/links/{link}", None),
    ("DELETE", "/api/prompts/{prompt}/links/{link}", None),
]


async def ask(client: httpx2.AsyncClient, method: str, path: str, body: Any) -> httpx2.Response:
    return await client.request(method, path, json=body, headers=MATCH)


@pytest.mark.parametrize(("method", "route", "body"), ROUTES)
async def test_to_know_an_id_is_not_enough(
    sides: tuple[Side, Side], method: str, route: str, body: object
) -> None:
    """CVE-2026-41947, CVE-2026-41949 (Dify), CVE-2026-45349 (Open WebUI): a foreign id was answered."""
    mine, theirs = sides
    for client in mine.ways:
        answer = await ask(client, method, route.format(**theirs.ids), body)
        assert answer.status_code == 404
        assert "Text of" not in answer.text


@pytest.mark.parametrize(("method", "route", "body"), PAIRS)
async def test_of_two_ids_both_count(sides: tuple[Side, Side], method: str, route: str, body: object) -> None:
    """CVE-2026-41649, CVE-2026-43890 (Outline): two ids were sent and one was checked."""
    mine, theirs = sides
    second = "member" if "{member}" in route else "link"
    for first, other in ((theirs, theirs), (mine, theirs), (theirs, mine)):
        path = route.format(**{"prompt": first.ids["prompt"], second: other.ids[second]})
        for client in mine.ways:
            assert (await ask(client, method, path, body)).status_code == 404, path
    own = route.format(**mine.ids)
    assert (await ask(mine.session, method, own, body)).status_code in {200, 204}


async def test_a_link_is_found_under_its_own_prompt_alone(sides: tuple[Side, Side]) -> None:
    """CVE-2026-41649, CVE-2026-43890 (Outline): also of two prompts of one workspace."""
    mine, _ = sides
    for method in ("GET", "DELETE"):
        path = f"/api/prompts/shared-name/links/{mine.ids['link']}"
        assert (await ask(mine.session, method, path, None)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/api/members",
        "/api/invitations",
        "/api/keys",
        "/api/prompts/shared-name/shares",
        "/api/prompts/shared-name/links",
    ],
)
async def test_what_one_workspace_lists_the_other_does_not(sides: tuple[Side, Side], path: str) -> None:
    """GHSA-c2c9-mfw7-p8hw (Flowise): a list without a filter showed everybody's rows."""
    mine, theirs = sides
    for ours, others in ((mine, theirs), (theirs, mine)):
        for client in ours.ways:
            for query in ({}, {"workspace": others.owner.workspace}, {"limit": "100"}):
                text = (await client.get(path, params=query)).text
                assert others.owner.workspace not in text
                for foreign in (others.owner.id, *others.ids.values()):
                    assert foreign not in text


async def test_a_cursor_leads_nowhere_else(sides: tuple[Side, Side]) -> None:
    """GHSA-c2c9-mfw7-p8hw (Flowise): one workspace's cursor shows nothing of it to the other."""
    mine, theirs = sides
    for path in ("/api/members", "/api/keys"):
        cursor = (await theirs.session.get(path, params={"limit": 1})).json()["next_cursor"]
        text = (await mine.session.get(path, params={"cursor": cursor})).text
        assert not any(foreign in text for foreign in (theirs.owner.id, *theirs.ids.values()))


@pytest.mark.parametrize(
    ("method", "route", "body"),
    [
        ("POST", "/api/keys", {"name": "x"}),
        ("PATCH", "/api/keys/{key}", {"name": "x"}),
        ("POST", "/api/invitations", {"email": "x@example.com"}),
        ("PATCH", "/api/members/{member}", {"role": "editor"}),
        ("PUT", "/api/prompts/{prompt}/shares/{member}", {"role": "viewer"}),
        ("POST", "/api/prompts/{prompt}/links", {}),
        ("POST", "/api/session/workspace", {}),
    ],
)
@pytest.mark.parametrize(
    "member", ["id", "workspace_id", "created_by", "created_at", "hash", "owner", "expires_at"]
)
async def test_nothing_is_assigned_that_is_not_asked_for(
    sides: tuple[Side, Side], method: str, route: str, body: dict[str, object], member: str
) -> None:
    """CVE-2026-41277, CVE-2026-46480 (Flowise): an id or workspace in the body was taken over."""
    mine, theirs = sides
    sent = {**body, member: theirs.ids["key"]}
    answer = await ask(mine.session, method, route.format(**mine.ids), sent)
    assert answer.status_code == 400
    assert {"pointer": f"/{member}", "message": "is not a member of this body"} in answer.json()["errors"]


async def test_another_workspaces_owner_is_nobody_here(platform: Platform, sides: tuple[Side, Side]) -> None:
    """CVE-2026-41947, CVE-2026-41949 (Dify): a session is of one workspace, whatever it asks for."""
    mine, theirs = sides
    for headers in ({"x-workspace": theirs.owner.workspace}, {"x-tenant-id": theirs.owner.workspace}):
        answer = await mine.session.get("/api/session", headers=headers)
        assert answer.json()["workspace"] == mine.owner.workspace
    order = {"workspace": theirs.owner.workspace}
    assert (await mine.session.post("/api/session/workspace", json=order)).status_code == 404
