"""What access promises when two act at once, on every engine."""

import asyncio

from promptstudio.access.key_changes import KeyOrder, create_key, rotate_key
from promptstudio.access.keys import KeyLookup, list_keys
from promptstudio.access.member_changes import MemberChange, change_member
from promptstudio.access.principal import Role
from promptstudio.access.sign_in import new_sign_in_link, use_sign_in_link
from promptstudio.access.throttle import BY_ACCOUNT, attempt
from promptstudio.storage.port import Store
from tests.people import Clock, World, problem_of, workspace_in


async def world_on(store: Store) -> World:
    clock = Clock()
    owner = await workspace_in(store, clock)
    return World(store, clock, owner.workspace, owner)


async def test_of_owners_who_all_step_back_at_once_one_stays(store: Store) -> None:
    world = await world_on(store)
    owners = [world.owner, *[await world.join(Role.owner) for _ in range(3)]]
    back = MemberChange(role=Role.admin)
    told = await asyncio.gather(
        *(problem_of(change_member(store, by, by.id, back, if_match="*")) for by in owners)
    )
    assert sorted(told) == ["", "", "", "last_owner"]


async def test_of_many_who_use_a_link_at_once_one_comes_in(store: Store) -> None:
    world = await world_on(store)
    link = await new_sign_in_link(store, world.workspace, world.owner.id, world.clock())
    told = await asyncio.gather(*(problem_of(use_sign_in_link(store, link.text)) for _ in range(5)))
    assert sorted(told) == ["", *["link_invalid"] * 4]


async def test_of_many_rotations_at_once_one_makes_a_key(store: Store) -> None:
    world = await world_on(store)
    old = await create_key(store, world.owner, KeyOrder(name="ci"), world.clock())
    key = old.found.value.id
    rotations = [
        rotate_key(store, world.owner, key, overlap_s=60, if_match="*", now=world.clock()) for _ in range(4)
    ]
    told = await asyncio.gather(*(problem_of(rotation) for rotation in rotations))
    assert told.count("") == 1
    assert len((await list_keys(store, world.workspace)).items) == 2
    lookup = KeyLookup(store, world.clock)
    assert await lookup.principal(old.text.encode()) is not None


async def test_many_guesses_at_once_are_counted_one_by_one(store: Store) -> None:
    world = await world_on(store)

    async def guess() -> None:
        async with attempt(store, "ada@example.com", "192.0.2.1", world.clock()):
            raise ZeroDivisionError

    told = await asyncio.gather(*(problem_of(guess()) for _ in range(BY_ACCOUNT + 5)), return_exceptions=True)
    assert sum(isinstance(one, ZeroDivisionError) for one in told) == BY_ACCOUNT
    assert told.count("sign_in_throttled") == 5
