import asyncio
import stat
from pathlib import Path

import pytest

from promptstudio.access.key_changes import KeyOrder, create_key, revoke_key
from promptstudio.access.member_changes import MemberChange, change_member, remove_member
from promptstudio.access.members import join_writes, list_members, new_member
from promptstudio.access.principal import Role
from promptstudio.access.sign_in import use_sign_in_link
from promptstudio.platform_errors import PlatformError
from promptstudio_functions.local_platform import (
    has_keys,
    local_owner,
    local_workspace,
    open_store,
    sign_in_url,
)
from tests.people import START_S, Clock, account_in


async def test_a_machine_has_one_workspace_whoever_asks_first(tmp_path: Path) -> None:
    stores = [open_store(tmp_path / "data") for _ in range(3)]
    made = await asyncio.gather(*(local_workspace(store, START_S) for store in stores for _ in range(3)))
    assert len(set(made)) == 1
    assert len((await list_members(stores[0], made[0])).items) == 1
    for store in stores:
        await store.close()
    again = open_store(tmp_path / "data")
    assert await local_workspace(again, START_S) == made[0]
    await again.close()


async def test_its_file_is_its_owners_alone(tmp_path: Path) -> None:
    store = open_store(tmp_path / "deep" / "data")
    assert stat.S_IMODE((tmp_path / "deep" / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "deep" / "data" / "promptstudio.db").stat().st_mode) == 0o600
    await store.close()


async def test_a_link_lets_its_owner_in(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    url = await sign_in_url(store, "http://127.0.0.1:8787/", START_S * 2)
    owner = await local_owner(store, START_S)
    entry = await use_sign_in_link(store, url.removeprefix("http://127.0.0.1:8787/sign-in?token="))
    assert (entry.workspace, entry.account) == (owner.workspace, owner.id)
    await store.close()


@pytest.mark.parametrize("way", ["demoted", "removed"])
async def test_another_owner_takes_the_place_of_the_first(tmp_path: Path, way: str) -> None:
    store = open_store(tmp_path)
    first = await local_owner(store, START_S)
    account = await account_in(store, Clock())
    for index in range(2):
        other = account if index == 0 else await account_in(store, Clock())
        role = Role.owner if index == 0 else Role.viewer
        await store.transact(join_writes(first.workspace, new_member(other.public(), role, START_S)))
    if way == "demoted":
        await change_member(store, first, first.id, MemberChange(role=Role.editor), if_match="*")
    else:
        await remove_member(store, first, first.id, if_match="*")
    assert (await local_owner(store, START_S)).id == account.id
    await store.close()


async def test_whether_there_were_keys_is_told_without_making_anything(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert not await has_keys(folder)
    assert not folder.exists()
    store = open_store(folder)
    assert not await has_keys(folder)
    owner = await local_owner(store, START_S)
    assert not await has_keys(folder)
    made = await create_key(store, owner, KeyOrder(name="ci"), START_S)
    await revoke_key(store, owner, made.found.value.id, if_match="*", now=START_S)
    assert await has_keys(folder)
    await store.close()


async def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "promptstudio.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(PlatformError, match=r"promptstudio\.db cannot be used: file is not a database"):
        open_store(tmp_path)
