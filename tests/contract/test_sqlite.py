"""What only a file can suffer: locks, writers that are killed, a full disk."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from promptstudio.storage.port import Add, Item, Put, Unavailable
from promptstudio.storage.sqlite import SqliteStore
from tests.contract.engines import Clock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
async def store(file: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(file, now=clock, busy_s=0.05)
    yield store
    await store.close()


async def test_a_file_that_is_locked_for_too_long_is_unavailable(store: SqliteStore, file: Path) -> None:
    await store.transact([Put("ws", "a", {"n": 1})])
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            await store.transact([Put("ws", "a", {"n": 2})])
        assert await store.get("ws", "a") == Item("ws", "a", {"n": 1}, 1)  # readers wait for nobody
    await store.transact([Put("ws", "a", {"n": 3})])
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 3}, 2)


async def test_a_file_that_is_locked_for_a_moment_is_waited_for(file: Path) -> None:
    store = SqliteStore(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(store.transact([Put("ws", "a", {})]))
        await asyncio.sleep(0)
        assert await store.get("ws", "a") is None
        other.execute("COMMIT")
        await waiting
    assert await store.get("ws", "a") == Item("ws", "a", {}, 1)
    await store.close()


async def test_what_was_acknowledged_survives_that_its_writer_is_killed(file: Path) -> None:
    acknowledged = _written_by_one_that_is_killed(file, pairs=500)
    store = SqliteStore(file)
    left, right = await _keys(store, "left"), await _keys(store, "right")
    counted = await store.get("counted", "pairs")
    await store.close()
    assert left == right  # no half of a pair
    assert acknowledged <= left
    assert counted is not None
    assert counted.data == {"n": len(left)}


async def test_a_disk_that_is_full_is_unavailable_and_nothing_is_written(
    store: SqliteStore, file: Path
) -> None:
    await store.transact([Put("ws", "a", {"n": 1})])
    store._writer.execute("PRAGMA max_page_count = 12")
    with pytest.raises(Unavailable):
        await store.transact([Put("ws", "a", {"n": 2}), Put("ws", "b", {"text": "x" * 300_000})])
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 1}, 1)
    await store.transact([Put("ws", "a", {"n": 3})])


async def test_many_writes_at_once_are_one_commit_and_a_refusal_spoils_no_other(store: SqliteStore) -> None:
    add = Add("ws", "n", {"n": 1}, {"n": 60})
    asked = [store.transact([add, Put("ws", f"{number:03}", {})]) for number in range(100)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    refused = [result for result in results if isinstance(result, BaseException)]
    assert len(refused) == 40
    assert len((await store.query("ws")).items) == 61


async def test_a_mistake_among_many_writes_spoils_no_other(store: SqliteStore) -> None:
    writes = [Put("ws", "a", {}), Put("ws", "b", {}, expires_at=2**70), Put("ws", "c", {})]
    results = await asyncio.gather(*(store.transact([put]) for put in writes), return_exceptions=True)
    assert [type(result) for result in results] == [list, OverflowError, list]
    await store.transact([Put("ws", "d", {})])
    assert [item.sk for item in (await store.query("ws")).items] == ["a", "c", "d"]


async def test_expired_items_are_deleted_in_time(store: SqliteStore, file: Path, clock: Clock) -> None:
    for start in range(0, 100, 25):
        await store.transact(
            [Put("ws", f"{start + i}", {}, expires_at=int(clock()) + 10) for i in range(25)],
            operation=f"op {start}",
        )
    clock.seconds += 24 * 3600 + 1
    await store.transact([Put("ws", "tick", {})])
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT count(*) FROM items").fetchone() == (1,)
        assert other.execute("SELECT count(*) FROM operations").fetchone() == (0,)


async def _keys(store: SqliteStore, pk: str) -> set[str]:
    found: set[str] = set()
    after: str | None = None
    while True:
        page = await store.query(pk, after=after, limit=1000)
        found |= {item.sk for item in page.items}
        if page.after is None:
            return found
        after = page.after


def _written_by_one_that_is_killed(file: Path, pairs: int) -> set[str]:
    """The pairs that a process was told are written, until it was killed in the midst of writing."""
    command = [sys.executable, "-m", "tests.contract.writer", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(pairs)]
        process.kill()
        told += process.stdout.readlines()
    return {line.strip() for line in told if line.endswith("\n")}
