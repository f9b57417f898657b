import base64
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.access.member_changes import MemberChange, change_member, remove_member
from promptstudio.access.principal import Principal, Role
from promptstudio.access.sessions import IDLE_S, LONGEST_S, NewSession, Sessions
from tests.people import World, problem_of, workspace_in


@pytest.fixture
def sessions(world: World) -> Sessions:
    return Sessions(world.store, world.secret, world.clock)


async def enter(world: World, sessions: Sessions, person: Principal | None = None) -> NewSession:
    who = person or world.owner
    return await sessions.begin(who.id, who.workspace, 0)


async def test_a_session_brings_its_member_back(world: World, sessions: Sessions) -> None:
    person = await world.join(Role.editor)
    begun = await enter(world, sessions, person)
    found = await sessions.principal(begun.token)
    assert found == Principal(world.workspace, person.id, person.name, role=Role.editor, session=begun.id)
    assert begun.token not in repr(begun)


async def test_the_token_says_nothing_of_the_role(world: World, sessions: Sessions) -> None:
    begun = await enter(world, sessions)
    claims = jwt.decode(begun.token, options={"verify_signature": False})
    assert claims.keys() == {"iat", "exp", "sub", "sid", "ws"}


async def test_a_role_changes_within_a_session(world: World, sessions: Sessions) -> None:
    person = await world.join(Role.admin)
    begun = await enter(world, sessions, person)
    await change_member(world.store, world.owner, person.id, MemberChange(role=Role.viewer), if_match="*")
    found = await sessions.principal(begun.token)
    assert found is not None
    assert found.role == Role.viewer


async def test_suspension_and_removal_end_it_at_once(world: World, sessions: Sessions) -> None:
    person = await world.join(Role.admin)
    begun = await enter(world, sessions, person)
    await change_member(world.store, world.owner, person.id, MemberChange(suspended=True), if_match="*")
    assert await sessions.principal(begun.token) is None
    await change_member(world.store, world.owner, person.id, MemberChange(suspended=False), if_match="*")
    assert await sessions.principal(begun.token) is not None
    await remove_member(world.store, world.owner, person.id, if_match="*")
    assert await sessions.principal(begun.token) is None
    await world.belong(person, world.workspace, Role.admin)
    assert await sessions.principal(begun.token) is None, "a session of before they left holds no more"


async def test_who_signs_out_leaves_no_token_behind(world: World, sessions: Sessions) -> None:
    begun, other = await enter(world, sessions), await enter(world, sessions)
    found = await sessions.principal(begun.token)
    assert found is not None
    await sessions.end(found)
    assert await sessions.principal(begun.token) is None
    assert await sessions.principal(other.token) is not None


async def test_all_sessions_of_an_account_end_together(world: World, sessions: Sessions) -> None:
    person = await world.join(Role.editor)
    mine = [await enter(world, sessions) for _ in range(2)]
    theirs = await enter(world, sessions, person)
    await sessions.end_all(world.owner.id)
    assert [await sessions.principal(begun.token) for begun in mine] == [None, None]
    assert await sessions.principal(theirs.token) is not None


async def test_a_session_begun_on_an_older_proof_does_not_outlive_the_end(
    world: World, sessions: Sessions
) -> None:
    await sessions.end_all(world.owner.id)
    late = await sessions.begin(world.owner.id, world.workspace, 0)
    assert await sessions.principal(late.token) is None
    now = await sessions.begin(world.owner.id, world.workspace, 1)
    assert await sessions.principal(now.token) is not None


async def test_a_session_that_is_not_used_ends(world: World, sessions: Sessions) -> None:
    begun = await enter(world, sessions)
    world.clock.now += IDLE_S - 1
    assert await sessions.principal(begun.token) is not None
    world.clock.now += IDLE_S - 1
    assert await sessions.principal(begun.token) is not None
    world.clock.now += IDLE_S
    assert await sessions.principal(begun.token) is None


async def test_a_session_ends_however_much_it_is_used(world: World, sessions: Sessions) -> None:
    begun = await enter(world, sessions)
    end = world.clock.now + LONGEST_S
    while world.clock.now + IDLE_S / 2 < end:
        assert await sessions.principal(begun.token) is not None
        world.clock.now += IDLE_S / 2
    world.clock.now = end
    assert await sessions.principal(begun.token) is None


async def test_use_is_written_down_at_most_once_an_hour(world: World, sessions: Sessions) -> None:
    begun = await enter(world, sessions)
    item = f"{world.workspace}#sessions", begun.id
    for _ in range(59):
        world.clock.now += 60
        await sessions.principal(begun.token)
    kept = await world.store.get(*item)
    assert kept is not None
    assert kept.version == 1
    world.clock.now += 60
    await sessions.principal(begun.token)
    kept = await world.store.get(*item)
    assert kept is not None
    assert kept.version == 2


async def test_a_session_moves_to_another_workspace_of_the_same_person(
    world: World, sessions: Sessions
) -> None:
    elsewhere = await workspace_in(world.store, world.clock)
    both = await world.join(Role.viewer)
    await world.belong(both, elsewhere.workspace, Role.editor)
    begun = await enter(world, sessions, both)
    here = await sessions.principal(begun.token)
    assert here is not None
    moved = await sessions.switch(here, elsewhere.workspace)
    there = await sessions.principal(moved.token)
    assert there is not None
    assert (there.workspace, there.role) == (elsewhere.workspace, Role.editor)
    assert await sessions.principal(begun.token) is None


async def test_nobody_moves_to_a_workspace_that_is_not_theirs(world: World, sessions: Sessions) -> None:
    elsewhere = await workspace_in(world.store, world.clock)
    begun = await enter(world, sessions)
    here = await sessions.principal(begun.token)
    assert here is not None
    for workspace in (elsewhere.workspace, "ws_nonsense"):
        assert await problem_of(sessions.switch(here, workspace)) == "not_found"
    assert await sessions.principal(begun.token) == here


async def test_a_token_of_other_hands_is_none(world: World, sessions: Sessions) -> None:
    begun = await enter(world, sessions)
    claims = jwt.decode(begun.token, options={"verify_signature": False})
    other = Sessions(world.store, b"o" * 32, world.clock)
    forged = [
        jwt.encode(claims, world.secret, algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, sessions._token_key + bytes(32), algorithm="HS512"),
        (await enter(world, other)).token,
        begun.token[:-2],
        f"{begun.token}.",
    ]
    header, _, signature = begun.token.split(".")
    admin = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "mem_1"}).encode()).decode().rstrip("=")
    forged.append(f"{header}.{admin}.{signature}")
    for token in forged:
        assert await sessions.principal(token) is None, token
    assert await sessions.principal(begun.token) is not None


@pytest.mark.parametrize("claim", ["iat", "exp", "sub", "sid", "ws"])
async def test_a_token_lacks_no_claim(world: World, sessions: Sessions, claim: str) -> None:
    begun = await enter(world, sessions)
    claims = jwt.decode(begun.token, options={"verify_signature": False})
    del claims[claim]
    assert await sessions.principal(jwt.encode(claims, sessions._token_key, algorithm="HS256")) is None


async def test_a_token_from_the_future_is_none(world: World, sessions: Sessions) -> None:
    begun = await enter(world, sessions)
    world.clock.now -= 61
    assert await sessions.principal(begun.token) is None


@given(st.one_of(st.text(), st.sampled_from(["", "null", "undefined", "..", "a.b.c"])))
async def test_garbage_is_no_session(text: str) -> None:
    assert await Sessions(None, b"s" * 32, lambda: 0.0).principal(text) is None  # type: ignore[arg-type]


async def test_each_session_has_its_own_csrf_token(world: World, sessions: Sessions) -> None:
    one, other = await enter(world, sessions), await enter(world, sessions)
    assert one.csrf == sessions.csrf(one.id)
    assert one.csrf != other.csrf
    assert Sessions(world.store, b"o" * 32, world.clock).csrf(one.id) != one.csrf


def test_a_short_secret_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        Sessions(world.store, b"short", world.clock)


async def test_moving_to_and_fro_makes_no_session_longer(world: World, sessions: Sessions) -> None:
    elsewhere = await workspace_in(world.store, world.clock)
    both = await world.join(Role.viewer)
    await world.belong(both, elsewhere.workspace, Role.viewer)
    token, began = (await enter(world, sessions, both)).token, world.clock()
    while (here := await sessions.principal(token)) is not None:
        assert world.clock() < began + LONGEST_S
        to = elsewhere.workspace if here.workspace == world.workspace else world.workspace
        token = (await sessions.switch(here, to)).token
        world.clock.now += IDLE_S / 2
    assert world.clock() >= began + LONGEST_S
