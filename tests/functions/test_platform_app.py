"""/v1 of the platform: by key and scope, by label and version, within one workspace."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from promptstudio.access.member_changes import MemberChange, change_member
from promptstudio.access.principal import Role, Scope
from promptstudio.workspaces.catalog import FRESH_S
from promptstudio_functions.platform_app import PlatformApp
from tests.functions.platform import Platform, platform_in
from tests.people import workspace_in
from tests.unit.workspaces.desk import Desk, prompt

RUN = "/v1/prompts/greet/run"


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as made:
        desk = Desk(made.world, made.world.owner)
        await desk.create("greet")
        await desk.publish("greet", "one", labels=("production",))
        await desk.publish("greet", "two")
        yield Platform(PlatformApp(made.services), made.services, made.world)


async def version(client: httpx2.AsyncClient, **body: Any) -> int | str:
    """The number of the version that answers, or the code of the refusal."""
    answer = (await client.post(RUN, json=body)).json()
    found: int | str = answer.get("version", answer.get("code"))
    return found


async def test_a_key_runs_by_label_and_version(platform: Platform) -> None:
    async with await platform.key([Scope.run]) as client:
        assert await version(client) == 1
        assert await version(client, version=2) == 2
        assert await version(client, label="production") == 1
        assert await version(client, label="staging") == "not_found"
        assert (await client.get("/health")).json() == {"status": "ok"}


async def test_a_moved_label_takes_effect_within_five_seconds(platform: Platform) -> None:
    async with await platform.key([Scope.run]) as client:
        assert await version(client) == 1
        await Desk(platform.world, platform.world.owner).label("greet", "production", 2)
        platform.world.clock.now += min(FRESH_S, 5)
        assert await version(client) == 2


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope not in (Scope.run, Scope.admin)])
async def test_a_key_of_another_scope_runs_nothing(platform: Platform, scope: Scope) -> None:
    async with await platform.key([scope]) as client:
        assert await version(client) == "forbidden"
        assert (await client.get("/v1/prompts")).status_code == 403


async def test_a_revoked_key_and_a_suspended_member_run_nothing_five_seconds_later(
    platform: Platform,
) -> None:
    """CVE-2026-32717: a suspended user's key lived on."""
    member = await platform.world.join(Role.editor)
    async with await platform.member(member) as session, await platform.key([Scope.run], by=member) as key:
        assert await version(session) == await version(key) == 1
        owner = platform.world.owner
        change = MemberChange(suspended=True)
        await change_member(platform.services.store, owner, member.id, change, if_match="*")
        platform.world.clock.now += 5
        assert (await session.post(RUN, json={})).status_code == 401
        assert (await key.post(RUN, json={})).status_code == 401


async def test_another_workspaces_prompt_is_not_found(platform: Platform) -> None:
    stranger = await workspace_in(platform.world.store, platform.world.clock)
    async with await platform.key([Scope.run], by=stranger) as client:
        assert await version(client) == "not_found"
        assert (await client.get("/v1/prompts")).json() == {"prompts": []}


async def test_a_key_limited_to_other_prompts_is_told_so(platform: Platform) -> None:
    async with await platform.key([Scope.run], ["other"]) as client:
        assert await version(client) == "forbidden"


async def test_openais_clients_get_errors_in_their_shape(platform: Platform) -> None:
    async with await platform.key([Scope.read]) as client:
        answer = await client.post("/v1/responses", json={"prompt": {"id": "greet"}})
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "forbidden"
    assert (await platform.client().post(RUN, json={})).status_code == 401


async def test_runs_come_with_the_name_of_their_key(platform: Platform) -> None:
    async with await platform.key([Scope.run, Scope.read]) as client:
        await client.post(RUN, json={"stream": True})
        rows = (await client.get("/api/prompts/greet/runs")).json()["items"]
    assert [(row["caller"], row["streamed"], row["outcome"]) for row in rows] == [("test", True, "ok")]


async def test_limits_count_each_key_and_member_of_a_workspace(platform: Platform) -> None:
    limits = "promptstudio.limits: [{requests: 1, per: day, by: key}]"
    await Desk(platform.world, platform.world.owner).publish("greet", prompt(limits), labels=("production",))
    platform.world.clock.now += FRESH_S
    first, second = await platform.key([Scope.run]), await platform.key([Scope.run])
    session = await platform.member(platform.world.owner)
    async with first, second, session:
        for client in (first, second, session):
            assert [await version(client) for _ in range(2)] == [3, "rate_limited"]


async def test_an_idempotency_key_is_its_callers_own(platform: Platform) -> None:
    stranger = await workspace_in(platform.world.store, platform.world.clock)
    desk = Desk(platform.world, stranger)
    await desk.create("greet")
    await desk.publish("greet", "one")
    async with (
        await platform.key([Scope.run]) as first,
        await platform.key([Scope.run]) as second,
        await platform.key([Scope.run], by=stranger) as third,
    ):
        clients = (first, second, third)
        headers = {"idempotency-key": "a"}
        ids = [(await client.post(RUN, json={}, headers=headers)).json()["id"] for client in clients * 2]
        assert ids[:3] == ids[3:]
        assert len(set(ids)) == 3
        rows = await first.post(RUN, json={"user": "u"}, headers=headers)
        assert rows.json()["code"] == "idempotency_mismatch"


async def test_what_is_cached_stays_in_its_workspace_and_costs_nothing(platform: Platform) -> None:
    stranger = await workspace_in(platform.world.store, platform.world.clock)
    text = prompt("promptstudio.cache: {ttl_s: 60}")
    await Desk(platform.world, platform.world.owner).publish("greet", text, labels=("production",))
    desk = Desk(platform.world, stranger)
    await desk.create("greet")
    await desk.publish("greet", text)
    platform.world.clock.now += FRESH_S
    async with (
        await platform.key([Scope.run, Scope.read]) as ours,
        await platform.key([Scope.run], by=stranger) as theirs,
    ):
        answers = [(await client.post(RUN, json={})).json() for client in (ours, ours, theirs)]
        assert [answer["cache"]["status"] for answer in answers] == ["miss", "exact", "miss"]
        rows = (await ours.get("/api/prompts/greet/runs")).json()["items"]
    assert [row["outcome"] for row in rows] == ["ok", "ok"]
    assert answers[1]["cost_usd"] == rows[0]["cost_usd"] == "0"
