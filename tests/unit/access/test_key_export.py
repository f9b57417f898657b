import pytest

from promptstudio.access.key_changes import KeyOrder, create_key, revoke_key, rotate_key
from promptstudio.access.key_export import export_keys
from promptstudio.access.member_changes import MemberChange, change_member, remove_member
from promptstudio.access.principal import Principal, Role
from promptstudio.endpoint.keys import KeyRing, parse_records, print_records
from tests.people import World, workspace_in


async def made(world: World, by: Principal | None = None, **order: object) -> tuple[str, str]:
    """A new key's id and text."""
    wanted = KeyOrder.model_validate({"name": "ci", **order})
    key = await create_key(world.store, by or world.owner, wanted, world.clock())
    return key.found.value.id, key.text


async def ring(world: World) -> KeyRing:
    export = await export_keys(world.store, world.workspace, world.clock())
    return KeyRing(parse_records(print_records(export.records)), now=world.clock)


@pytest.mark.parametrize(
    ("scope", "holds"), [("run", True), ("admin", True), ("read", False), ("deploy", False)]
)
async def test_keys_that_may_run_go_to_a_target(world: World, scope: str, holds: bool) -> None:
    _, key = await made(world, scopes=[scope])
    assert (await ring(world)).holds(key.encode()) == holds


async def test_a_key_that_is_limited_to_prompts_does_not(world: World) -> None:
    key_id, key = await made(world, prompts=["greet"])
    assert not (await ring(world)).holds(key.encode())
    export = await export_keys(world.store, world.workspace, world.clock())
    assert [row.id for row in export.limited] == [key_id]


async def test_what_has_ended_does_not(world: World) -> None:
    revoked, key = await made(world)
    await revoke_key(world.store, world.owner, revoked, if_match="*", now=world.clock())
    _, expired = await made(world, expires_in_s=60)
    world.clock.now += 60
    assert not (await ring(world)).holds(key.encode())
    assert not (await ring(world)).holds(expired.encode())


async def test_a_rotated_key_ends_at_the_target_too(world: World) -> None:
    old_id, old = await made(world)
    new = await rotate_key(world.store, world.owner, old_id, overlap_s=60, if_match="*", now=world.clock())
    exported = await ring(world)
    assert exported.holds(old.encode())
    world.clock.now += 60
    assert not exported.holds(old.encode())
    assert exported.holds(new.text.encode())


async def test_the_keys_of_who_is_suspended_or_was_demoted_do_not(world: World) -> None:
    admin = await world.join(Role.admin)
    _, key = await made(world, admin)
    assert (await ring(world)).holds(key.encode())
    for change in (MemberChange(role=Role.viewer), MemberChange(role=Role.admin, suspended=True)):
        await change_member(world.store, world.owner, admin.id, change, if_match="*")
        assert not (await ring(world)).holds(key.encode())


async def test_all_of_many_keys_are_exported_and_none_of_another_workspace(world: World) -> None:
    stranger = await workspace_in(world.store, world.clock)
    await made(world, stranger)
    ids = [(await made(world))[0] for _ in range(120)]
    export = await export_keys(world.store, world.workspace, world.clock())
    assert sorted(record.id for record in export.records) == sorted(ids)


async def test_the_keys_of_who_left_and_came_back_do_not(world: World) -> None:
    person = await world.join(Role.editor)
    _, key = await made(world, person)
    assert (await ring(world)).holds(key.encode())
    await remove_member(world.store, world.owner, person.id, if_match="*")
    world.clock.now += 60
    await world.belong(person, world.workspace, Role.editor)
    assert not (await ring(world)).holds(key.encode())
