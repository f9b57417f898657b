"""/api/prompts/{name}/shares over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from promptstudio.access.principal import Role, Scope
from tests.functions.platform import Platform, platform_in
from tests.people import workspace_in

SHARES = "/api/prompts/greet/shares"


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        await platform.world.prompt("greet")
        yield platform


async def test_a_share_is_made_read_changed_and_taken_back(platform: Platform) -> None:
    person = await platform.world.join(Role.viewer)
    owner = await platform.member(platform.world.owner)
    path = f"{SHARES}/{person.id}"
    made = await owner.put(path, json={"role": "viewer"})
    assert made.status_code == 200
    read = await owner.get(path)
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    assert (await owner.put(path, json={"role": "editor"})).status_code == 412
    changed = await owner.put(path, json={"role": "editor"}, headers={"if-match": made.headers["etag"]})
    assert changed.json()["role"] == "editor"
    assert [row["role"] for row in (await owner.get(SHARES)).json()["items"]] == ["editor"]
    stale = await owner.delete(path, headers={"if-match": made.headers["etag"]})
    assert stale.status_code == 412
    assert (await owner.delete(path, headers={"if-match": changed.headers["etag"]})).status_code == 204
    assert (await owner.get(path)).status_code == 404


async def test_editors_and_viewers_of_a_prompt_do_not_share_it(platform: Platform) -> None:
    target = await platform.world.join(Role.viewer)
    owner = await platform.member(platform.world.owner)
    for role in (Role.guest, Role.viewer, Role.editor):
        person = await platform.world.join(role)
        await owner.put(f"{SHARES}/{person.id}", json={"role": "editor"})
        client = await platform.member(person)
        answer = await client.put(f"{SHARES}/{target.id}", json={"role": "viewer"})
        assert answer.status_code == 403
        assert (await client.get(SHARES)).status_code == 200


async def test_a_share_reaches_no_other_prompt_and_no_other_workspace(platform: Platform) -> None:
    stranger = await workspace_in(platform.services.store, platform.world.clock)
    owner = await platform.member(platform.world.owner)
    assert (await owner.put(f"{SHARES}/{stranger.id}", json={"role": "viewer"})).status_code == 404
    theirs = await platform.member(stranger)
    assert (await theirs.get(SHARES)).status_code == 404
    person = await platform.world.join(Role.viewer)
    assert (await theirs.put(f"{SHARES}/{person.id}", json={"role": "viewer"})).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"role": "admin"}, {"role": None}, {"role": "owner", "member": "mem_1"}]
)
async def test_a_bad_order_is_refused(platform: Platform, body: dict[str, object]) -> None:
    person = await platform.world.join(Role.viewer)
    owner = await platform.member(platform.world.owner)
    assert (await owner.put(f"{SHARES}/{person.id}", json=body)).status_code == 400


async def test_a_key_shares_with_the_scope_admin_alone(platform: Platform) -> None:
    person = await platform.world.join(Role.viewer)
    for scope, status in ((Scope.write, 403), (Scope.admin, 200)):
        client = await platform.key([scope])
        assert (await client.put(f"{SHARES}/{person.id}", json={"role": "viewer"})).status_code == status
