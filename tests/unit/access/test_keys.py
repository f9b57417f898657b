import asyncio
import logging
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.access.key_changes import KeyOrder, MadeKey, create_key, revoke_key, rotate_key
from promptstudio.access.keys import CACHED_S, KeyLookup, get_key, keys_key, list_keys
from promptstudio.access.member_changes import MemberChange, change_member, remove_member
from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.endpoint.keys import PREFIX, checksum, create
from promptstudio.ids import workspace_characters
from promptstudio.storage.port import Item, Unavailable
from promptstudio.storage.sqlite import SqliteStore
from promptstudio.times import rfc3339
from tests.people import World, workspace_in


@pytest.fixture
async def counted(world: World, tmp_path: Path) -> AsyncIterator["Counted"]:
    """Another process's view of the world's store."""
    store = Counted(tmp_path / "promptstudio.db", now=world.clock)
    yield store
    await store.close()


class Counted(SqliteStore):
    """A store that counts what it is asked, and refuses to write when told so."""

    reads = 0
    readonly = False

    async def get(self, pk: str, sk: str) -> Item | None:
        self.reads += 1
        return await super().get(pk, sk)

    async def transact(self, *arguments: object, **options: object) -> list[dict[str, int]]:
        if self.readonly:
            raise Unavailable
        return await super().transact(*arguments, **options)  # type: ignore[arg-type]


async def made(world: World, by: Principal | None = None, **order: object) -> MadeKey:
    return await create_key(
        world.store, by or world.owner, KeyOrder.model_validate({"name": "ci", **order}), world.clock()
    )


def scopes_of(found: Principal | None) -> set[Scope] | None:
    return None if found is None else set(found.scopes)


async def test_a_key_comes_as_itself_with_its_scopes(world: World) -> None:
    key = await made(world, scopes=["read", "run"], prompts=["summarise"])
    found = await KeyLookup(world.store, world.clock).principal(key.text.encode())
    assert found == Principal(
        world.workspace,
        key.found.value.id,
        "ci",
        scopes=frozenset({Scope.run, Scope.read}),
        prompts=frozenset({"summarise"}),
    )
    assert found.is_key


async def test_a_key_is_kept_as_its_hash_alone(world: World) -> None:
    key = await made(world)
    assert key.text not in repr(key)
    item = await world.store.get(keys_key(world.workspace), sha256(key.text.encode()).hexdigest())
    assert item is not None
    assert key.text not in str(item)
    assert item.sk not in str(item.data)


async def test_no_answer_shows_a_hash(world: World) -> None:
    keys = [await made(world) for _ in range(3)]
    page = await list_keys(world.store, world.workspace, limit=2)
    shown = (
        page.model_dump_json() + (await get_key(world.store, world.workspace, keys[0].found.value.id)).etag
    )
    for key in keys:
        assert sha256(key.text.encode()).hexdigest() not in shown
    assert page.next_cursor is not None


async def test_keys_are_listed_oldest_first(world: World) -> None:
    ids = []
    for _ in range(5):
        ids.append((await made(world)).found.value.id)
        world.clock.now += 1
    first = await list_keys(world.store, world.workspace, limit=3)
    rest = await list_keys(world.store, world.workspace, cursor=first.next_cursor)
    assert [key.id for key in [*first.items, *rest.items]] == ids


async def test_a_revoked_key_is_out_a_second_later(world: World) -> None:
    key = await made(world)
    lookup = KeyLookup(world.store, world.clock)
    assert await lookup.principal(key.text.encode()) is not None
    await revoke_key(world.store, world.owner, key.found.value.id, if_match="*", now=world.clock())
    world.clock.now += CACHED_S
    assert await lookup.principal(key.text.encode()) is None
    assert await KeyLookup(world.store, world.clock).principal(key.text.encode()) is None


async def test_a_key_ends_to_the_second(world: World) -> None:
    key = await made(world, expires_in_s=100)
    lookup = KeyLookup(world.store, world.clock)
    world.clock.now += 99.5
    assert await lookup.principal(key.text.encode()) is not None
    world.clock.now += 0.5
    assert await lookup.principal(key.text.encode()) is None, "whatever is remembered of it"


async def test_a_key_lasts_no_longer_than_its_creators_rights(world: World) -> None:
    admin = await world.join(Role.admin)
    key = (await made(world, admin, scopes=["deploy", "admin", "read"])).text.encode()
    lookup = KeyLookup(world.store, world.clock)

    async def scopes() -> set[Scope] | None:
        world.clock.now += CACHED_S
        return scopes_of(await lookup.principal(key))

    assert await scopes() == set(Scope)
    await change_member(world.store, world.owner, admin.id, MemberChange(role=Role.editor), if_match="*")
    assert await scopes() == {Scope.run, Scope.read, Scope.write}
    await change_member(world.store, world.owner, admin.id, MemberChange(suspended=True), if_match="*")
    assert await scopes() is None
    await change_member(world.store, world.owner, admin.id, MemberChange(suspended=False), if_match="*")
    assert await scopes() == {Scope.run, Scope.read, Scope.write}
    await remove_member(world.store, world.owner, admin.id, if_match="*")
    assert await scopes() is None


@pytest.mark.parametrize(("role", "scopes"), [(Role.guest, None), (Role.viewer, {Scope.read})])
async def test_the_least_roles_leave_a_key_little(
    world: World, role: Role, scopes: set[Scope] | None
) -> None:
    admin = await world.join(Role.admin)
    key = await made(world, admin, scopes=["run", "read"])
    await change_member(world.store, world.owner, admin.id, MemberChange(role=role), if_match="*")
    found = await KeyLookup(world.store, world.clock).principal(key.text.encode())
    assert scopes_of(found) == scopes


def garbage(key: str) -> list[bytes]:
    flipped = key[:25] + ("a" if key[25] != "a" else "b") + key[26:]
    return [
        b"",
        key[:-1].encode(),
        (key + "0").encode(),
        flipped.encode(),
        b"\xff" + key.encode(),
        b"ps_live_",
    ]


async def test_garbage_costs_no_read(world: World) -> None:
    key = await made(world)
    lookup = KeyLookup(None, world.clock)  # type: ignore[arg-type]
    for text in garbage(key.text):
        assert await lookup.principal(text) is None


@given(st.binary())
async def test_no_bytes_break_a_lookup(text: bytes) -> None:
    lookup = KeyLookup(None, lambda: 0.0)  # type: ignore[arg-type]
    assert await lookup.principal(text) is None
    assert await lookup.principal(PREFIX.encode() + text) is None


async def test_a_key_of_another_workspace_finds_nothing_here(world: World) -> None:
    stranger = await workspace_in(world.store, world.clock)
    key = await made(world)
    moved = PREFIX + workspace_characters(stranger.workspace) + key.text[20:-6]
    lookup = KeyLookup(world.store, world.clock)
    assert await lookup.principal((moved + checksum(moved)).encode()) is None
    assert await lookup.principal(create("ci").key.encode()) is None


async def test_what_is_known_is_asked_once_a_second(world: World, counted: Counted) -> None:
    key = (await made(world)).text.encode()
    lookup = KeyLookup(counted, world.clock)
    await lookup.principal(key)
    before = counted.reads
    for _ in range(100):
        await lookup.principal(key)
    assert counted.reads == before
    world.clock.now += CACHED_S
    await lookup.principal(key)
    assert counted.reads > before


async def test_what_is_remembered_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptstudio.access.keys._CACHED_KEYS", 3)
    lookup = KeyLookup(world.store, world.clock)
    for _ in range(10):
        assert await lookup.principal((await made(world)).text.encode()) is not None
        assert len(lookup._known) <= 3


async def test_the_last_use_is_noted_once_a_minute(world: World) -> None:
    key = await made(world)
    lookup = KeyLookup(world.store, world.clock)

    async def noted() -> str | None:
        await lookup.principal(key.text.encode())
        return (await get_key(world.store, world.workspace, key.found.value.id)).value.last_used_at

    first = rfc3339(world.clock())
    assert key.found.value.last_used_at is None
    assert await noted() == first
    world.clock.now += 59
    assert await noted() == first
    world.clock.now += 1
    assert await noted() == rfc3339(world.clock())
    [listed] = (await list_keys(world.store, world.workspace)).items
    assert listed.last_used_at == rfc3339(world.clock())


async def test_use_leaves_a_keys_etag_as_it_is(world: World) -> None:
    key = await made(world)
    await KeyLookup(world.store, world.clock).principal(key.text.encode())
    used = await get_key(world.store, world.workspace, key.found.value.id)
    assert used.value.last_used_at is not None
    assert used.etag == key.found.etag
    await revoke_key(world.store, world.owner, used.value.id, if_match=used.etag, now=world.clock())


async def test_a_request_does_not_fail_by_the_note_of_its_use(
    world: World, counted: Counted, caplog: pytest.LogCaptureFixture
) -> None:
    key = await made(world)
    counted.readonly = True
    with caplog.at_level(logging.ERROR):
        assert await KeyLookup(counted, world.clock).principal(key.text.encode()) is not None
    assert key.found.value.id in caplog.text
    assert key.text not in caplog.text


async def test_many_requests_at_once_are_all_let_in(world: World) -> None:
    key = (await made(world)).text.encode()
    lookups = [KeyLookup(world.store, world.clock) for _ in range(20)]
    assert None not in await asyncio.gather(*(lookup.principal(key) for lookup in lookups))


async def test_a_workspace_that_had_keys_never_counts_as_one_without(world: World) -> None:
    lookup = KeyLookup(world.store, world.clock)
    assert not await lookup.any_exist(world.workspace)
    key = await made(world)
    assert await lookup.any_exist(world.workspace)
    await revoke_key(world.store, world.owner, key.found.value.id, if_match="*", now=world.clock())
    assert await KeyLookup(world.store, world.clock).any_exist(world.workspace)


async def test_rotation_overlaps(world: World) -> None:
    old = await made(world, scopes=["read"])
    new = await rotate_key(
        world.store, world.owner, old.found.value.id, overlap_s=10, if_match="*", now=world.clock()
    )
    lookup = KeyLookup(world.store, world.clock)
    assert await lookup.principal(old.text.encode()) is not None
    assert await lookup.principal(new.text.encode()) is not None
    world.clock.now += 10
    assert await lookup.principal(old.text.encode()) is None
    assert await lookup.principal(new.text.encode()) is not None


async def test_who_comes_back_finds_none_of_their_keys_in_force(world: World) -> None:
    person = await world.join(Role.editor)
    key = (await made(world, person)).text.encode()
    await remove_member(world.store, world.owner, person.id, if_match="*")
    world.clock.now += 60
    await world.belong(person, world.workspace, Role.editor)
    lookup = KeyLookup(world.store, world.clock)
    assert await lookup.principal(key) is None
    assert await lookup.principal((await made(world, person)).text.encode()) is not None
