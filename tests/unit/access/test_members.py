import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.access.member_changes import MemberChange, change_member, outranks, remove_member
from promptstudio.access.members import (
    Member,
    acting,
    get_member,
    get_workspace,
    join_writes,
    list_members,
    new_member,
    workspaces_of,
)
from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.access.sharing import find_share
from promptstudio.storage.port import Conflict
from promptstudio.workspaces.shares import set_share
from tests.people import World, account_in, problem_of, workspace_in

SUSPEND = MemberChange(suspended=True)


async def test_a_workspace_begins_with_its_owner(world: World) -> None:
    assert (await get_workspace(world.store, world.workspace)).name == "Acme"
    [owner] = (await list_members(world.store, world.workspace)).items
    assert (owner.id, owner.role) == (world.owner.id, Role.owner)
    assert owner.model_dump(mode="json")["role"] == "owner"
    assert await workspaces_of(world.store, world.owner.id) == [world.workspace]


async def test_members_are_listed_page_by_page(world: World) -> None:
    joined = {world.owner.id, *[(await world.join(Role.viewer)).id for _ in range(4)]}
    first = await list_members(world.store, world.workspace, limit=3)
    second = await list_members(world.store, world.workspace, cursor=first.next_cursor, limit=3)
    assert second.next_cursor is None
    assert {member.id for member in [*first.items, *second.items]} == joined


async def test_nobody_joins_twice(world: World) -> None:
    account = (await account_in(world.store, world.clock)).public()
    await world.store.transact(join_writes(world.workspace, new_member(account, Role.viewer, 0)))
    with pytest.raises(Conflict):
        await world.store.transact(join_writes(world.workspace, new_member(account, Role.owner, 0)))
    assert (await get_member(world.store, world.workspace, account.id)).value.role == Role.viewer


async def test_a_role_changes_for_who_knows_the_member_as_they_are(world: World) -> None:
    person = await world.join(Role.viewer)
    found = await get_member(world.store, world.workspace, person.id)
    editor = MemberChange(role=Role.editor)
    assert await problem_of(change_member(world.store, world.owner, person.id, editor, if_match=None)) == (
        "if_match_missing"
    )
    changed = await change_member(world.store, world.owner, person.id, editor, if_match=found.etag)
    assert changed == await get_member(world.store, world.workspace, person.id)
    assert changed.value.role == Role.editor
    stale = change_member(world.store, world.owner, person.id, SUSPEND, if_match=found.etag)
    assert await problem_of(stale) == "stale"


@given(st.sampled_from(Role), st.sampled_from(Role))
def test_only_admins_deal_with_members_and_with_none_of_a_higher_role(mine: Role, theirs: Role) -> None:
    member = Member(id="mem_1", email="a@b", name="A", role=theirs, joined_at="2026-11-24T00:00:00Z")
    by = Principal("ws_1", "mem_2", "B", role=mine)
    assert outranks(by, member) == (mine >= Role.admin and mine >= theirs)


async def test_only_an_owner_makes_owners(world: World) -> None:
    admin, person = await world.join(Role.admin), await world.join(Role.editor)
    owner = MemberChange(role=Role.owner)
    for by in (admin, Principal(world.workspace, "key_1", "ci", scopes=frozenset({Scope.admin}))):
        assert (
            await problem_of(change_member(world.store, by, person.id, owner, if_match="*")) == "role_needed"
        )
    await change_member(world.store, world.owner, person.id, owner, if_match="*")


async def test_an_admin_can_neither_demote_nor_remove_an_owner(world: World) -> None:
    admin = await world.join(Role.admin)
    await world.join(Role.owner)
    demote = change_member(world.store, admin, world.owner.id, MemberChange(role=Role.viewer), if_match="*")
    assert await problem_of(demote) == "role_needed"
    assert await problem_of(remove_member(world.store, admin, world.owner.id, if_match="*")) == "role_needed"


async def test_the_last_owner_stays(world: World) -> None:
    me = world.owner.id
    for change in (MemberChange(role=Role.admin), SUSPEND):
        assert (
            await problem_of(change_member(world.store, world.owner, me, change, if_match="*"))
            == "last_owner"
        )
    assert await problem_of(remove_member(world.store, world.owner, me, if_match="*")) == "last_owner"
    other = await world.join(Role.owner)
    await change_member(world.store, world.owner, other.id, SUSPEND, if_match="*")
    assert await problem_of(remove_member(world.store, world.owner, me, if_match="*")) == "last_owner", (
        "a suspended owner is none"
    )


async def test_of_owners_who_all_step_back_at_once_one_stays(world: World) -> None:
    owners = [world.owner, *[await world.join(Role.owner) for _ in range(4)]]
    back = MemberChange(role=Role.admin)
    told = await asyncio.gather(
        *(problem_of(change_member(world.store, by, by.id, back, if_match="*")) for by in owners)
    )
    assert sorted(told) == ["", "", "", "", "last_owner"]


async def test_who_is_removed_or_suspended_acts_no_more(world: World) -> None:
    person = await world.join(Role.editor)
    await change_member(world.store, world.owner, person.id, SUSPEND, if_match="*")
    assert await acting(world.store, world.workspace, person.id) is None
    await change_member(world.store, world.owner, person.id, MemberChange(suspended=False), if_match="*")
    assert await acting(world.store, world.workspace, person.id) == person
    await remove_member(world.store, world.owner, person.id, if_match="*")
    assert await acting(world.store, world.workspace, person.id) is None
    assert await workspaces_of(world.store, person.id) == []


async def test_who_is_removed_loses_what_was_shared_with_them(world: World) -> None:
    person = await world.join(Role.viewer)
    names = [f"p{number}" for number in range(30)]
    for name in names:
        await world.prompt(name)
        await set_share(world.store, world.owner, name, person.id, "editor", if_match=None, now=0)
    await remove_member(world.store, world.owner, person.id, if_match="*")
    for name in names:
        assert await find_share(world.store, world.workspace, f"prm_{name}", person.id) is None


async def test_a_member_of_another_workspace_is_none_here(world: World) -> None:
    stranger = await workspace_in(world.store, world.clock)
    for call in (
        change_member(world.store, world.owner, stranger.id, SUSPEND, if_match="*"),
        remove_member(world.store, world.owner, stranger.id, if_match="*"),
        get_member(world.store, world.workspace, stranger.id),
    ):
        assert await problem_of(call) == "not_found"


async def test_who_left_and_comes_again_is_not_changed_by_what_was_seen_before(world: World) -> None:
    person = await world.join(Role.viewer)
    seen = (await get_member(world.store, world.workspace, person.id)).etag
    await remove_member(world.store, world.owner, person.id, if_match=seen)
    world.clock.now += 1
    await world.belong(person, world.workspace, Role.viewer)
    admin = MemberChange(role=Role.admin)
    assert await problem_of(change_member(world.store, world.owner, person.id, admin, if_match=seen)) == (
        "stale"
    )
