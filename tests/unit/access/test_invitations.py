import asyncio

import pytest

from promptstudio.access.accounts import authenticate, find_account
from promptstudio.access.invitations import (
    Invitation,
    InvitationOrder,
    accept,
    find_invitation,
    invite,
    list_invitations,
    withdraw,
)
from promptstudio.access.key_changes import KeyOrder, create_key
from promptstudio.access.keys import KeyLookup
from promptstudio.access.member_changes import MemberChange, change_member, remove_member
from promptstudio.access.members import get_member, list_members
from promptstudio.access.principal import Principal, Role
from promptstudio.access.sharing import role_on_prompt
from promptstudio.access.sign_in import Entry
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import Delete, Put
from promptstudio.storage.records import Stored
from promptstudio.workspaces.shares import set_share
from tests.people import World, problem_of, workspace_in

GOOD = "correct horse battery"
EMAIL = "new@example.com"


async def invited(
    world: World, by: Principal | None = None, **order: object
) -> tuple[Stored[Invitation], str]:
    wanted = InvitationOrder.model_validate({"email": EMAIL, **order})
    found, token = await invite(world.store, by or world.owner, wanted, world.clock())
    return found, token.text


async def come(world: World, token: str, password: str = GOOD) -> Entry:
    return await accept(world.store, token, "Newcomer", password, address="192.0.2.1", now=world.clock())


async def test_somebody_new_becomes_a_member(world: World) -> None:
    found, token = await invited(world, role="editor", email=" New@Example.com")
    assert found.value.email == EMAIL
    assert token not in found.value.model_dump_json()
    entry = await come(world, token)
    assert (entry.workspace, entry.epoch) == (world.workspace, 0)
    member = (await get_member(world.store, world.workspace, entry.account)).value
    assert (member.email, member.name, member.role) == (EMAIL, "Newcomer", Role.editor)
    await authenticate(world.store, EMAIL, GOOD)
    assert (await list_invitations(world.store, world.workspace)).items == []
    assert await problem_of(come(world, token)) == "link_invalid"


async def test_somebody_known_comes_with_their_own_password(world: World) -> None:
    elsewhere = await workspace_in(world.store, world.clock, GOOD)
    account = await find_account(world.store, elsewhere.id)
    assert account is not None
    _, token = await invited(world, email=account.value.email)
    assert await problem_of(come(world, token, "not my password")) == "sign_in_failed"
    entry = await come(world, token)
    assert entry.account == elsewhere.id
    member = (await get_member(world.store, world.workspace, elsewhere.id)).value
    assert (member.name, member.role) == (elsewhere.name, Role.viewer)


async def test_an_invitation_is_no_way_to_guess_a_password(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptstudio.access.throttle.BY_ACCOUNT", 2)
    elsewhere = await workspace_in(world.store, world.clock)
    account = await find_account(world.store, elsewhere.id)
    assert account is not None
    _, token = await invited(world, email=account.value.email)
    told = [await problem_of(come(world, token, "guess")) for _ in range(3)]
    assert told == ["sign_in_failed", "sign_in_failed", "sign_in_throttled"]


async def test_of_two_who_accept_at_once_one_comes_in(world: World) -> None:
    _, token = await invited(world)
    told = await asyncio.gather(*(problem_of(come(world, token)) for _ in range(3)))
    assert sorted(told) == ["", "link_invalid", "link_invalid"]
    assert len((await list_members(world.store, world.workspace)).items) == 2


async def test_two_invitations_of_one_address_make_one_account(world: World) -> None:
    tokens = [(await invited(world))[1] for _ in range(2)]
    told = await asyncio.gather(*(problem_of(come(world, token)) for token in tokens))
    assert sorted(told) == ["", "store_conflict"]
    late = tokens[told.index("store_conflict")]
    assert await problem_of(come(world, late)) == "", "and nothing is lost: the same person comes again"
    assert len((await list_members(world.store, world.workspace)).items) == 2


@pytest.mark.parametrize(
    ("mine", "role", "told"),
    [
        (Role.viewer, "viewer", "role_needed"),
        (Role.editor, "viewer", "role_needed"),
        (Role.admin, "admin", ""),
        (Role.admin, "owner", "role_needed"),
        (Role.owner, "owner", ""),
    ],
)
async def test_nobody_invites_to_a_higher_role(world: World, mine: Role, role: str, told: str) -> None:
    assert await problem_of(invited(world, await world.join(mine), role=role)) == told


async def test_a_bad_password_does_not_spend_the_link(world: World) -> None:
    _, token = await invited(world)
    assert await problem_of(come(world, token, "short")) == "fields_invalid"
    await come(world, token)


async def test_members_are_not_invited_again(world: World) -> None:
    member = await get_member(world.store, world.workspace, world.owner.id)
    assert await problem_of(invited(world, email=member.value.email.upper())) == "exists"


async def test_an_invitation_can_be_taken_back(world: World) -> None:
    found, token = await invited(world)
    invitation = found.value.id
    assert found == await find_invitation(world.store, world.workspace, invitation)
    assert await problem_of(withdraw(world.store, world.owner, invitation, if_match=None)) == (
        "if_match_missing"
    )
    await withdraw(world.store, world.owner, invitation, if_match=found.etag)
    assert await problem_of(come(world, token)) == "link_invalid"
    assert await problem_of(withdraw(world.store, world.owner, invitation, if_match="*")) == "not_found"


async def test_an_invitation_ends(world: World) -> None:
    found, token = await invited(world)
    world.clock.now += 7 * 24 * 3600
    assert await problem_of(come(world, token)) == "link_invalid"
    assert (await list_invitations(world.store, world.workspace)).items == []
    assert found.value.expires_at < "2028"


@pytest.mark.parametrize(
    "change",
    [MemberChange(suspended=True), MemberChange(role=Role.editor)],
    ids=["suspended", "demoted"],
)
async def test_an_invitation_lasts_no_longer_than_its_makers_rights(
    world: World, change: MemberChange
) -> None:
    admin = await world.join(Role.admin)
    _, token = await invited(world, admin, role="admin")
    await change_member(world.store, world.owner, admin.id, change, if_match="*")
    assert await problem_of(come(world, token)) == "link_invalid"


async def test_a_guest_comes_for_one_prompt(world: World) -> None:
    await world.prompt("greet")
    await world.prompt("other")
    found, token = await invited(world, role="guest", prompt="greet", share="editor")
    assert (found.value.prompt, found.value.prompt_id, found.value.share) == ("greet", "prm_greet", "editor")
    entry = await come(world, token)
    guest = Principal(world.workspace, entry.account, "Newcomer", role=Role.guest)
    assert (await get_member(world.store, world.workspace, guest.id)).value.role == Role.guest
    assert await role_on_prompt(world.store, guest, "greet") == Role.editor
    assert await role_on_prompt(world.store, guest, "other") == Role.guest


async def test_who_owns_a_prompt_invites_guests_to_it_and_nobody_else(world: World) -> None:
    for name in ("greet", "other"):
        await world.prompt(name)
    editor = await world.join(Role.editor)
    await set_share(world.store, world.owner, "greet", editor.id, "owner", if_match=None, now=0)
    assert await problem_of(invited(world, editor, role="guest", prompt="greet")) == ""
    assert await problem_of(invited(world, editor, role="guest", prompt="other")) == "role_needed"
    assert await problem_of(invited(world, editor, role="viewer", prompt="greet")) == "role_needed"


@pytest.mark.parametrize(
    ("order", "pointer"),
    [
        ({"role": "guest"}, "/prompt"),
        ({"role": "viewer", "share": "editor"}, "/share"),
        ({"email": "nonsense"}, "/email"),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused(
    world: World, order: dict[str, object], pointer: str
) -> None:
    with pytest.raises(PlatformError) as caught:
        await invited(world, world.owner, **order)
    assert [error.pointer for error in caught.value.errors] == [pointer]


async def test_who_left_and_comes_again_finds_no_old_shares(world: World) -> None:
    await world.prompt("greet")
    _, token = await invited(world, role="guest", prompt="greet", share="owner")
    entry = await come(world, token)
    await remove_member(world.store, world.owner, entry.account, if_match="*")
    _, token = await invited(world, role="viewer")
    await come(world, token)
    again = Principal(world.workspace, entry.account, "Newcomer", role=Role.viewer)
    assert await role_on_prompt(world.store, again, "greet") == Role.viewer


async def test_a_key_invites_in_its_creators_name(world: World) -> None:
    order = KeyOrder.model_validate({"name": "ci", "scopes": ["admin"]})
    key = await create_key(world.store, world.owner, order, world.clock())
    principal = await KeyLookup(world.store, world.clock).principal(key.text.encode())
    assert principal is not None
    found, token = await invited(world, principal)
    assert found.value.created_by == world.owner.id
    await come(world, token)


async def test_an_invitation_of_another_workspace_is_none_here(world: World) -> None:
    stranger = await workspace_in(world.store, world.clock)
    found, _ = await invited(world)
    assert await problem_of(withdraw(world.store, stranger, found.value.id, if_match="*")) == "not_found"
    assert (await list_invitations(world.store, stranger.workspace)).items == []


async def test_an_invitation_to_a_deleted_prompt_is_none_to_another_of_its_name(world: World) -> None:
    await world.prompt("greet")
    _, token = await invited(world, role="guest", prompt="greet")
    item = (f"{world.workspace}#prompts", "greet")
    await world.store.transact([Delete(*item)])
    assert await problem_of(come(world, token)) == "link_invalid"
    await world.store.transact([Put(*item, {"id": "prm_another"})])
    assert await problem_of(come(world, token)) == "link_invalid"
