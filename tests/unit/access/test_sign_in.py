import asyncio

import pytest

from promptstudio.access.accounts import end_sessions
from promptstudio.access.member_changes import MemberChange, change_member
from promptstudio.access.members import get_member
from promptstudio.access.principal import Principal, Role
from promptstudio.access.sessions import Sessions
from promptstudio.access.sign_in import Entry, new_sign_in_link, sign_in, use_sign_in_link
from promptstudio.platform_errors import PlatformError
from tests.people import World, account_in, problem_of, workspace_in

GOOD = "correct horse battery"


async def enter(world: World, person: Principal, password: str = GOOD) -> Entry:
    email = (await get_member(world.store, world.workspace, person.id)).value.email
    return await sign_in(world.store, email, password, address="192.0.2.1", now=world.clock())


async def test_who_knows_the_password_comes_in(world: World) -> None:
    person = await world.join(Role.viewer, GOOD)
    assert await enter(world, person) == Entry(person.id, world.workspace, 0)


async def test_who_guesses_is_held_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptstudio.access.throttle.BY_ACCOUNT", 2)
    person = await world.join(Role.viewer)
    told = [await problem_of(enter(world, person, "guess")) for _ in range(3)]
    assert told == ["sign_in_failed", "sign_in_failed", "sign_in_throttled"]


async def test_who_is_suspended_comes_in_where_they_are_not(world: World) -> None:
    person = await world.join(Role.viewer, GOOD)
    await change_member(world.store, world.owner, person.id, MemberChange(suspended=True), if_match="*")
    assert await problem_of(enter(world, person)) == "workspace_missing"
    elsewhere = await workspace_in(world.store, world.clock)
    await world.belong(person, elsewhere.workspace, Role.viewer)
    assert (await enter(world, person)).workspace == elsewhere.workspace


async def test_an_account_without_a_workspace_is_told_so(world: World) -> None:
    account = await account_in(world.store, world.clock, GOOD)
    with pytest.raises(PlatformError, match="Ask for an invitation"):
        await sign_in(world.store, account.email, GOOD, address="192.0.2.1", now=world.clock())


async def test_a_link_lets_in_once(world: World) -> None:
    link = await new_sign_in_link(world.store, world.workspace, world.owner.id, world.clock())
    uses = [use_sign_in_link(world.store, link.text) for _ in range(5)]
    told = await asyncio.gather(*uses, return_exceptions=True)
    [entry] = [one for one in told if isinstance(one, Entry)]
    assert entry == Entry(world.owner.id, world.workspace, 0)
    assert {one.problem for one in told if isinstance(one, PlatformError)} == {"link_invalid"}


async def test_a_link_from_before_all_sessions_were_ended_lets_nobody_in(world: World) -> None:
    link = await new_sign_in_link(world.store, world.workspace, world.owner.id, world.clock())
    await world.store.transact([end_sessions(world.owner.id)])
    entry = await use_sign_in_link(world.store, link.text)
    sessions = Sessions(world.store, world.secret, world.clock)
    begun = await sessions.begin(entry.account, entry.workspace, entry.epoch)
    assert await sessions.principal(begun.token) is None
