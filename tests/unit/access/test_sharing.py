import asyncio

import pytest

from promptstudio.access.member_changes import remove_member
from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.access.roles import ShareRole
from promptstudio.access.sharing import (
    creator_share,
    find_share,
    forget_prompt,
    list_shared,
    list_shares,
    role_on_prompt,
)
from promptstudio.workspaces.history import list_history
from promptstudio.workspaces.shares import remove_share, set_share
from tests.people import World, problem_of, workspace_in


async def share(
    world: World, member: Principal, role: ShareRole, by: Principal | None = None, if_match: str | None = None
) -> str:
    call = set_share(
        world.store, by or world.owner, "greet", member.id, role, if_match=if_match, now=world.clock()
    )
    return await problem_of(call)


@pytest.mark.parametrize("mine", Role)
@pytest.mark.parametrize("shared", ["owner", "editor", "viewer", None])
async def test_the_higher_of_two_roles_counts(world: World, mine: Role, shared: ShareRole | None) -> None:
    await world.prompt("greet")
    person = await world.join(mine)
    if shared is not None:
        assert await share(world, person, shared) == ""
    expected = mine if shared is None else max(mine, Role[shared])
    assert await role_on_prompt(world.store, person, "greet") == expected


async def test_a_share_is_of_one_prompt_alone(world: World) -> None:
    await world.prompt("greet")
    await world.prompt("other")
    guest = await world.join(Role.guest)
    await share(world, guest, "editor")
    assert await role_on_prompt(world.store, guest, "other") == Role.guest
    assert await role_on_prompt(world.store, guest, "missing") == Role.guest


async def test_owners_of_a_prompt_and_admins_share_it(world: World) -> None:
    await world.prompt("greet")
    target = await world.join(Role.viewer)
    admin, editor, viewer, guest = [
        await world.join(role) for role in (Role.admin, Role.editor, Role.viewer, Role.guest)
    ]
    assert await share(world, target, "viewer", admin) == ""
    assert await share(world, target, "viewer", editor, "*") == "role_needed"
    assert await share(world, target, "viewer", viewer, "*") == "role_needed"
    assert await share(world, target, "viewer", guest, "*") == "not_found"
    await share(world, viewer, "owner")
    assert await share(world, target, "owner", viewer, "*") == ""
    key = Principal(world.workspace, "key_1", "ci", scopes=frozenset({Scope.write}))
    assert await share(world, target, "viewer", key, "*") == "not_found"


async def test_a_share_changes_for_who_knows_it_as_it_is(world: World) -> None:
    prompt = await world.prompt("greet")
    person = await world.join(Role.viewer)
    await share(world, person, "viewer")
    found = await find_share(world.store, world.workspace, prompt, person.id)
    assert found is not None
    assert await share(world, person, "editor") == "if_match_missing"
    assert await share(world, person, "editor", if_match=found.etag) == ""
    assert await share(world, person, "owner", if_match=found.etag) == "stale"
    await remove_share(world.store, world.owner, "greet", person.id, if_match="*", now=0)
    await share(world, person, "viewer")
    again = await find_share(world.store, world.workspace, prompt, person.id)
    assert again is not None
    assert again.etag != found.etag, "a share that is made anew is another"


async def test_a_share_is_seen_from_both_sides(world: World) -> None:
    prompt = await world.prompt("greet")
    people = [await world.join(Role.guest) for _ in range(3)]
    for person in people:
        await share(world, person, "viewer")
    first = await list_shares(world.store, world.workspace, "greet", limit=2)
    rest = await list_shares(world.store, world.workspace, "greet", cursor=first.next_cursor)
    shares = [*first.items, *rest.items]
    assert {row.member for row in shares} == {person.id for person in people}
    [shared] = (await list_shared(world.store, world.workspace, people[0].id)).items
    assert (shared.prompt, shared.role) == (prompt, "viewer")
    await remove_share(world.store, world.owner, "greet", people[0].id, if_match="*", now=0)
    assert (await list_shared(world.store, world.workspace, people[0].id)).items == []
    gone = remove_share(world.store, world.owner, "greet", people[0].id, if_match="*", now=0)
    assert await problem_of(gone) == "not_found"


async def test_who_creates_a_prompt_owns_it_and_a_key_does_not(world: World) -> None:
    editor = await world.join(Role.editor)
    prompt = await world.prompt("greet")
    await world.store.transact(creator_share(editor, prompt, world.clock()))
    assert await role_on_prompt(world.store, editor, "greet") == Role.owner
    key = Principal(world.workspace, "key_1", "ci", scopes=frozenset({Scope.write}))
    assert not creator_share(key, prompt, world.clock())


async def test_nothing_is_shared_with_a_stranger_or_of_another_workspace(world: World) -> None:
    stranger = await workspace_in(world.store, world.clock)
    await world.prompt("greet")
    assert await share(world, stranger, "viewer") == "not_found"
    assert await share(world, world.owner, "viewer", stranger) == "not_found"
    person = await world.join(Role.viewer)
    await world.prompt("theirs", workspace=stranger.workspace)
    foreign = set_share(world.store, world.owner, "theirs", person.id, "viewer", if_match=None, now=0)
    assert await problem_of(foreign) == "not_found"


async def test_a_deleted_prompt_takes_its_shares_along(world: World) -> None:
    prompt = await world.prompt("greet")
    people = [await world.join(Role.guest) for _ in range(15)]
    for person in people:
        await share(world, person, "viewer")
    await forget_prompt(world.store, world.workspace, prompt)
    assert (await list_shares(world.store, world.workspace, "greet")).items == []
    for person in people:
        assert (await list_shared(world.store, world.workspace, person.id)).items == []


async def test_who_leaves_while_a_prompt_is_shared_with_them_keeps_no_share(world: World) -> None:
    prompt = await world.prompt("greet")
    person = await world.join(Role.viewer)
    await asyncio.gather(
        share(world, person, "editor"), remove_member(world.store, world.owner, person.id, if_match="*")
    )
    found = await find_share(world.store, world.workspace, prompt, person.id)
    assert found is None


async def test_the_prompts_history_tells_of_shares(world: World) -> None:
    prompt = await world.prompt("greet")
    person = await world.join(Role.viewer)
    await share(world, person, "editor")
    await remove_share(world.store, world.owner, "greet", person.id, if_match="*", now=world.clock() + 1)
    entries = (await list_history(world.store, f"{world.workspace}#prompt#{prompt}")).items
    assert [(entry.what, entry.details) for entry in entries] == [
        ("share_removed", {"member": person.id}),
        ("shared", {"member": person.id, "role": "editor"}),
    ]


@pytest.mark.parametrize("name", ["", "No", "a\0b", "x" * 2000, "../x", "prm_greet"])
async def test_what_is_no_prompts_name_has_no_share(world: World, name: str) -> None:
    """CVE-2022-24837: ids and names have no text in common."""
    await world.prompt("greet")
    guest = await world.join(Role.guest)
    await share(world, guest, "owner")
    assert await role_on_prompt(world.store, guest, name) == Role.guest


async def test_a_share_that_was_taken_back_does_not_come_again_by_a_change(world: World) -> None:
    prompt = await world.prompt("greet")
    person = await world.join(Role.guest)
    await share(world, person, "viewer")
    found = await find_share(world.store, world.workspace, prompt, person.id)
    assert found is not None
    await remove_share(world.store, world.owner, "greet", person.id, if_match=found.etag, now=0)
    for seen in (found.etag, "*"):
        assert await share(world, person, "editor", if_match=seen) == "stale"
    assert await find_share(world.store, world.workspace, prompt, person.id) is None
