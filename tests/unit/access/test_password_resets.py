import asyncio

import pytest

from promptstudio.access.accounts import Account, authenticate, change_password, find_account
from promptstudio.access.member_changes import MemberChange, change_member
from promptstudio.access.password_resets import new_reset, use_reset
from promptstudio.access.principal import Principal, Role
from promptstudio.access.sessions import Sessions
from promptstudio.access.tokens import NewToken
from promptstudio.platform_errors import PlatformError
from tests.people import World, problem_of, workspace_in

NEW = "another good one"


async def reset(world: World, person: Principal, by: Principal | None = None) -> NewToken:
    return await new_reset(world.store, by or world.owner, person.id, world.clock())


async def account_of(world: World, person: Principal) -> Account:
    found = await find_account(world.store, person.id)
    assert found is not None
    return found.value


async def test_a_member_chooses_another_password(world: World) -> None:
    person = await world.join(Role.viewer)
    sessions = Sessions(world.store, world.secret, world.clock)
    before = await sessions.begin(person.id, world.workspace, 0)
    link = await reset(world, person)
    await use_reset(world.store, link.text, NEW)
    await authenticate(world.store, (await account_of(world, person)).email, NEW)
    assert await sessions.principal(before.token) is None, "who had got in is out again"
    assert await problem_of(use_reset(world.store, link.text, NEW)) == "link_invalid"


async def test_a_bad_password_does_not_spend_the_link(world: World) -> None:
    link = await reset(world, await world.join(Role.viewer))
    assert await problem_of(use_reset(world.store, link.text, "short")) == "fields_invalid"
    await use_reset(world.store, link.text, NEW)


async def test_of_two_who_use_a_link_at_once_one_chooses(world: World) -> None:
    person = await world.join(Role.viewer)
    link = await reset(world, person)
    passwords = [f"{NEW} {number}" for number in range(3)]
    told = await asyncio.gather(*(problem_of(use_reset(world.store, link.text, one)) for one in passwords))
    assert sorted(told) == ["", "link_invalid", "link_invalid"]
    await authenticate(world.store, (await account_of(world, person)).email, passwords[told.index("")])


async def test_a_changed_password_ends_older_links(world: World) -> None:
    person = await world.join(Role.viewer)
    links = [await reset(world, person) for _ in range(2)]
    await change_password(world.store, person.id, "", "my own good one")
    for link in links:
        assert await problem_of(use_reset(world.store, link.text, NEW)) == "link_invalid"


@pytest.mark.parametrize(
    ("mine", "theirs", "told"),
    [
        (Role.editor, Role.viewer, "role_needed"),
        (Role.admin, Role.editor, ""),
        (Role.admin, Role.admin, ""),
        (Role.admin, Role.owner, "role_needed"),
        (Role.owner, Role.owner, ""),
    ],
)
async def test_nobody_resets_for_a_higher_role(world: World, mine: Role, theirs: Role, told: str) -> None:
    by, person = await world.join(mine), await world.join(theirs)
    assert await problem_of(reset(world, person, by)) == told


async def test_a_member_of_other_workspaces_is_not_taken_over_from_one(world: World) -> None:
    person = await world.join(Role.viewer)
    early = await reset(world, person)
    elsewhere = await workspace_in(world.store, world.clock)
    await world.belong(person, elsewhere.workspace, Role.owner)
    assert await problem_of(reset(world, person)) == "reset_elsewhere"
    assert await problem_of(use_reset(world.store, early.text, NEW)) == "link_invalid"


async def test_the_link_of_a_suspended_admin_is_void(world: World) -> None:
    admin, person = await world.join(Role.admin), await world.join(Role.viewer)
    link = await reset(world, person, admin)
    for change in (MemberChange(suspended=True), MemberChange(suspended=False, role=Role.editor)):
        await change_member(world.store, world.owner, admin.id, change, if_match="*")
        assert await problem_of(use_reset(world.store, link.text, NEW)) == "link_invalid"


async def test_the_link_of_an_admin_is_void_for_who_has_risen_above_them(world: World) -> None:
    admin, person = await world.join(Role.admin), await world.join(Role.viewer)
    link = await reset(world, person, admin)
    await change_member(world.store, world.owner, person.id, MemberChange(role=Role.owner), if_match="*")
    assert await problem_of(use_reset(world.store, link.text, NEW)) == "link_invalid"


async def test_a_stranger_gets_no_link(world: World) -> None:
    stranger = await workspace_in(world.store, world.clock)
    with pytest.raises(PlatformError) as caught:
        await reset(world, stranger)
    assert caught.value.problem == "not_found"
