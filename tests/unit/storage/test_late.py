"""A store that is opened when it is first asked."""

from pathlib import Path

import pytest

from promptstudio.storage.late import LateStore
from promptstudio.storage.port import Add, Item, Put, Store, Unavailable
from promptstudio.storage.sqlite import SqliteStore


async def test_it_is_opened_once_by_whoever_asks_first(tmp_path: Path) -> None:
    opened: list[Store] = []

    def open_store() -> Store:
        opened.append(SqliteStore(tmp_path / "store.db"))
        return opened[-1]

    store = LateStore(open_store)
    assert opened == []
    assert await store.get("ws", "a") is None
    assert await store.transact([Put("ws", "a", {"n": 1}), Add("ws", "b", {"n": 2})]) == [{"n": 2}]
    assert await store.transact([Add("ws", "b", {"n": 1})], operation="op") == [{"n": 3}]
    assert await store.transact([Add("ws", "b", {"n": 1})], operation="op") == [{"n": 3}]
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 1}, 1)
    page = await store.query("ws", "", after="b", limit=1, reverse=True)
    assert [item.sk for item in page.items] == ["a"]
    assert len(opened) == 1
    await store.close()
    with pytest.raises(Unavailable):
        await opened[0].transact([Put("ws", "a", {})])


async def test_closing_does_not_open_it() -> None:
    def open_store() -> Store:
        raise AssertionError

    await LateStore(open_store).close()


async def test_it_is_tried_again_after_it_could_not_be_opened(tmp_path: Path) -> None:
    folder = tmp_path / "data"

    def open_store() -> Store:
        if not folder.exists():
            raise Unavailable
        return SqliteStore(folder / "store.db")

    store = LateStore(open_store)
    with pytest.raises(Unavailable):
        await store.get("ws", "a")
    folder.mkdir()
    assert await store.get("ws", "a") is None
    await store.close()
