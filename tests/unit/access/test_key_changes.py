import asyncio

import pytest
from pydantic import ValidationError

from promptstudio.access.key_changes import (
    KeyChange,
    KeyOrder,
    MadeKey,
    create_key,
    rename_key,
    revoke_key,
    rotate_key,
)
from promptstudio.access.keys import KeyLookup, get_key, list_keys
from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.platform_errors import PlatformError
from promptstudio.times import rfc3339
from tests.people import World, problem_of, workspace_in


async def made(world: World, by: Principal | None = None, **order: object) -> MadeKey:
    wanted = KeyOrder.model_validate({"name": "ci", **order})
    return await create_key(world.store, by or world.owner, wanted, world.clock())


async def as_key(world: World, key: MadeKey) -> Principal:
    found = await KeyLookup(world.store, world.clock).principal(key.text.encode())
    assert found is not None
    return found


async def test_a_key_may_run_if_nothing_else_is_said(world: World) -> None:
    key = (await made(world)).found.value
    assert (key.scopes, key.prompts, key.expires_at) == ((Scope.run,), None, None)
    assert (key.created_by, key.created_at) == (world.owner.id, rfc3339(world.clock()))


@pytest.mark.parametrize(
    "order",
    [
        {"name": ""},
        {"name": "  "},
        {"name": "a\nb"},
        {"name": "n" * 65},
        {"scopes": []},
        {"scopes": ["root"]},
        {"scopes": None},
        {"prompts": []},
        {"prompts": ["No Slug"]},
        {"expires_in_s": 0},
        {"expires_in_s": 1 << 60},
        {"workspace": "ws_other"},
        {"id": "key_mine"},
    ],
)
def test_a_bad_order_is_refused(order: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        KeyOrder.model_validate({"name": "ci", **order})


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.guest, ""),
        (Role.viewer, "read"),
        (Role.editor, "run read write"),
        (Role.admin, "run read write deploy admin"),
        (Role.owner, "run read write deploy admin"),
    ],
)
async def test_nobody_gives_a_key_what_they_lack(world: World, role: Role, may: str) -> None:
    person = await world.join(role)
    for scope in Scope:
        told = await problem_of(made(world, person, scopes=[scope]))
        assert told == ("" if scope in may.split() else "scope_lacking"), scope


async def test_a_key_makes_none_that_may_more_than_itself(world: World) -> None:
    narrow = Principal(world.workspace, "key_1", "ci", scopes=frozenset({Scope.read}))
    assert await problem_of(made(world, narrow, scopes=["run"])) == "scope_lacking"
    limited = Principal(
        world.workspace, "key_1", "ci", scopes=frozenset({Scope.run}), prompts=frozenset({"a"})
    )
    assert await problem_of(made(world, limited)) == "prompt_not_in_key"
    assert await problem_of(made(world, limited, prompts=["a", "b"])) == "prompt_not_in_key"


async def test_who_answers_for_a_key_made_by_a_key_is_a_member(world: World) -> None:
    admin = await world.join(Role.admin)
    maker = await as_key(world, await made(world, admin, scopes=["admin"]))
    assert (await made(world, maker, scopes=["run"])).found.value.created_by == admin.id


async def test_a_key_with_admin_or_deploy_cannot_be_limited_to_prompts(world: World) -> None:
    for scope in ("admin", "deploy"):
        with pytest.raises(PlatformError) as caught:
            await made(world, scopes=["run", scope], prompts=["a"])
        assert caught.value.errors[0].pointer == "/prompts"


async def test_a_key_is_renamed(world: World) -> None:
    key = await made(world)
    change = KeyChange(name="deploys")
    key_id = key.found.value.id
    assert await problem_of(rename_key(world.store, world.owner, key_id, change, if_match=None)) == (
        "if_match_missing"
    )
    renamed = await rename_key(world.store, world.owner, key_id, change, if_match=key.found.etag)
    assert renamed == await get_key(world.store, world.workspace, key_id)
    assert renamed.value.name == "deploys"
    stale = rename_key(world.store, world.owner, key_id, change, if_match=key.found.etag)
    assert await problem_of(stale) == "stale"


async def test_editors_change_their_own_keys_and_admins_all(world: World) -> None:
    editor, other, admin = [await world.join(role) for role in (Role.editor, Role.editor, Role.admin)]
    key = (await made(world, editor)).found.value.id
    change = KeyChange(name="mine")
    assert await problem_of(rename_key(world.store, editor, key, change, if_match="*")) == ""
    assert await problem_of(rename_key(world.store, other, key, change, if_match="*")) == "role_needed"
    for by, told in ((other, "role_needed"), (admin, "")):
        assert await problem_of(revoke_key(world.store, by, key, if_match="*", now=0)) == told


async def test_a_key_of_another_workspace_is_none_here(world: World) -> None:
    stranger = await workspace_in(world.store, world.clock)
    key = (await made(world)).found.value.id
    for call in (
        get_key(world.store, stranger.workspace, key),
        rename_key(world.store, stranger, key, KeyChange(name="x"), if_match="*"),
        revoke_key(world.store, stranger, key, if_match="*", now=0),
        rotate_key(world.store, stranger, key, overlap_s=0, if_match="*", now=0),
    ):
        assert await problem_of(call) == "not_found"
    assert (await list_keys(world.store, stranger.workspace)).items == []


async def test_a_key_is_revoked_once(world: World) -> None:
    key = (await made(world)).found.value.id
    first = await revoke_key(world.store, world.owner, key, if_match="*", now=world.clock())
    again = await revoke_key(world.store, world.owner, key, if_match="*", now=world.clock() + 9)
    assert first == again
    assert first.value.revoked_at == rfc3339(world.clock())


async def rotate(world: World, key: MadeKey, by: Principal | None = None, overlap_s: int = 10) -> MadeKey:
    key_id = key.found.value.id
    return await rotate_key(
        world.store, by or world.owner, key_id, overlap_s=overlap_s, if_match="*", now=world.clock()
    )


async def test_a_rotated_key_has_the_same_rights_and_lasts_as_long(world: World) -> None:
    old = await made(world, scopes=["read", "run"], prompts=["a"], expires_in_s=1000)
    world.clock.now += 400
    new = (await rotate(world, old)).found.value
    assert (new.name, new.scopes, new.prompts) == ("ci", ("read", "run"), ("a",))
    assert new.expires_at == rfc3339(world.clock() + 1000)
    kept = (await get_key(world.store, world.workspace, old.found.value.id)).value
    assert (kept.expires_at, kept.replaced_by) == (rfc3339(world.clock() + 10), new.id)


async def test_rotation_gives_the_old_key_no_more_time(world: World) -> None:
    old = await made(world, expires_in_s=100)
    await rotate(world, old, overlap_s=10_000)
    kept = await get_key(world.store, world.workspace, old.found.value.id)
    assert kept.value.expires_at == old.found.value.expires_at


async def test_who_rotates_answers_for_the_new_key(world: World) -> None:
    admin = await world.join(Role.admin)
    old = await made(world)
    assert (await rotate(world, old, admin)).found.value.created_by == admin.id


async def test_a_key_that_has_ended_is_not_rotated(world: World) -> None:
    revoked, replaced, expired = [await made(world, expires_in_s=100) for _ in range(3)]
    await revoke_key(world.store, world.owner, revoked.found.value.id, if_match="*", now=world.clock())
    await rotate(world, replaced)
    assert await problem_of(rotate(world, revoked)) == "key_ended"
    assert await problem_of(rotate(world, replaced)) == "key_ended"
    world.clock.now += 100
    assert await problem_of(rotate(world, expired)) == "key_ended"


async def test_who_lost_rights_gets_no_new_key_with_them(world: World) -> None:
    admin = await world.join(Role.admin)
    old = await made(world, admin, scopes=["deploy"])
    demoted = Principal(world.workspace, admin.id, admin.name, role=Role.editor)
    assert await problem_of(rotate(world, old, demoted)) == "scope_lacking"


async def test_of_many_rotations_at_once_one_makes_a_key(world: World) -> None:
    old = await made(world)
    told = await asyncio.gather(*(problem_of(rotate(world, old)) for _ in range(6)))
    assert told.count("") == 1
    assert len((await list_keys(world.store, world.workspace)).items) == 2
