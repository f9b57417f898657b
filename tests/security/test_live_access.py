"""What somebody may is asked anew each time: also of what happened before, and of taking it back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from promptstudio.access.keys import CACHED_S
from promptstudio.access.member_changes import MemberChange, change_member
from promptstudio.access.principal import Role, Scope
from promptstudio.access.throttle import BY_ACCOUNT
from tests.functions.platform import Platform, platform_in
from tests.unit.workspaces.desk import Desk

GREET = "/api/prompts/greet"
PAST = ("history", "runs", "versions", "versions/1", "labels", "draft", "diff?from=1&to=2", "proposal")
ROLLBACK = f"{GREET}/labels/production/rollback"
ANY = {"if-match": "*"}


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        desk = Desk(platform.world, platform.world.owner)
        await desk.create("greet", "one")
        await desk.publish("greet", labels=["production"])
        await desk.publish("greet", "two", labels=["production"])
        yield platform


async def read(client: httpx2.AsyncClient) -> set[int]:
    return {(await client.get(f"{GREET}/{part}")).status_code for part in PAST}


async def rolled_back(client: httpx2.AsyncClient) -> int:
    return (await client.post(ROLLBACK, headers=ANY)).status_code


@pytest.mark.parametrize("role", [Role.guest, Role.viewer], ids=lambda role: role.name)
async def test_who_loses_a_share_loses_the_past_with_it(platform: Platform, role: Role) -> None:
    """CVE-2026-28506, CVE-2026-24901 Outline: event log and restore looked at no access list of today."""
    person = await platform.world.join(role)
    owner, client = await platform.member(platform.world.owner), await platform.member(person)
    share = f"{GREET}/shares/{person.id}"
    assert (await owner.put(share, json={"role": "editor"})).status_code == 200
    assert (await read(client), await rolled_back(client)) == ({200}, 200)
    await owner.put(f"{GREET}/labels/production", json={"version": 2}, headers=ANY)
    assert (await owner.delete(share, headers=ANY)).status_code == 204
    left = (404, 404) if role == Role.guest else (200, 403)
    assert (await read(client), await rolled_back(client)) == ({left[0]}, left[1])


async def test_a_lowered_role_takes_nothing_back_any_more(platform: Platform) -> None:
    """CVE-2026-28506 Outline: restoring takes the role of today; of keys, their makers' too."""
    world = platform.world
    person = await world.join(Role.editor)
    session, key = await platform.member(person), await platform.key([Scope.write], by=person)
    assert await rolled_back(session) == 200
    change = MemberChange(role=Role.viewer)
    await change_member(world.store, world.owner, person.id, change, if_match="*")
    world.clock.now += CACHED_S
    assert (await rolled_back(session), await rolled_back(key)) == (403, 401)
    assert await read(session) == {200}


async def test_a_deleted_prompt_has_no_past_that_is_read(platform: Platform) -> None:
    """CVE-2026-24901 Outline: what is gone is not brought back, nor read by who has its name."""
    owner = await platform.member(platform.world.owner)
    assert (await owner.delete(GREET, headers=ANY)).status_code == 204
    assert (await read(owner), await rolled_back(owner)) == ({404}, 404)
    await owner.post("/api/prompts", json={"name": "greet", "text": "anew"})
    assert (await owner.get(f"{GREET}/versions")).json()["items"] == []
    assert [row["what"] for row in (await owner.get(f"{GREET}/history")).json()["items"]] == ["created"]


@pytest.mark.usefixtures("cheap_hashes")
async def test_many_guesses_at_once_are_no_more_than_one_after_the_other(platform: Platform) -> None:
    """LiteLLM #18730, #34732: a limit that is read, then raised, lets a burst through."""

    async def guess(number: int) -> int:
        body = {"email": "ada@example.com", "password": f"guess {number}"}
        return (await platform.client().post("/api/session", json=body)).status_code

    statuses = await asyncio.gather(*(guess(number) for number in range(3 * BY_ACCOUNT)))
    assert (statuses.count(401), statuses.count(429)) == (BY_ACCOUNT, 2 * BY_ACCOUNT)
