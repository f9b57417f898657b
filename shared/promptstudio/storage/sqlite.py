"""The store on a laptop: one SQLite file, in WAL mode, which several processes may share.

Reads run where they are called: in WAL mode they wait for nobody and take microseconds. Writes go to one
thread, which puts all that are waiting into one commit: each is as durable as a commit of its own, and many
at once cost little more than one.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import orjson

from promptstudio.storage.port import (
    ABSENT,
    OPERATION_KEPT_S,
    Add,
    Check,
    Conflict,
    Delete,
    Item,
    Page,
    Unavailable,
    Write,
    check_key,
    check_query,
    counted,
    encode_writes,
)

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS items (
  pk BLOB NOT NULL, sk BLOB NOT NULL, version INTEGER NOT NULL, data BLOB NOT NULL,
  counts INTEGER NOT NULL, expires_at INTEGER, PRIMARY KEY (pk, sk)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS items_by_expiry ON items (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS operations (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS operations_by_expiry ON operations (expires_at);
"""
_GET: Final = "SELECT version, data, counts, expires_at FROM items WHERE pk = ? AND sk = ?"
_PUT: Final = """
INSERT INTO items (pk, sk, version, data, counts, expires_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (pk, sk) DO UPDATE SET
  version = excluded.version, data = excluded.data, counts = excluded.counts, expires_at = excluded.expires_at
"""
_QUERY: Final = """
SELECT sk, version, data, expires_at FROM items
WHERE pk = ? AND sk >= ? AND sk < ? AND (expires_at IS NULL OR expires_at > ?) AND sk {after} ?
ORDER BY sk {order} LIMIT ?
"""
_ASCENDING: Final = _QUERY.format(after=">", order="ASC")
_DESCENDING: Final = _QUERY.format(after="<", order="DESC")
_OPERATION: Final = "SELECT expires_at FROM operations WHERE id = ?"
_END: Final = b"\xff"  # no byte of UTF-8 is as high: behind every key that has the prefix

_BUSY_S: Final = 10.0
_COMMIT_MAX: Final = 256
_SWEEP_EVERY_S: Final = 60.0
_SWEEP: Final = """
DELETE FROM items WHERE (pk, sk) IN (SELECT pk, sk FROM items WHERE expires_at <= ? LIMIT 1000)
"""

_Row: TypeAlias = tuple[int, bytes, int, int | None]


@dataclass(frozen=True, slots=True)
class _Job:
    writes: Sequence[Write]
    encoded: Sequence[bytes]
    operation: str | None
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[list[dict[str, int]]]"


_Result: TypeAlias = "list[dict[str, int]] | Exception"


class SqliteStore:
    """A Store in the file at `path`, made where it is missing. `now` gives seconds since 1970.

    While another process writes, a write waits for up to `busy_s`.
    """

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time, busy_s: float = _BUSY_S) -> None:
        self._now = now
        self._reader = _connect(path, busy_s)
        self._writer = _connect(path, busy_s)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._swept_s = 0.0
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="sqlite-writer", daemon=True)
        self._thread.start()

    async def get(self, pk: str, sk: str) -> Item | None:
        check_key(pk)
        check_key(sk)
        try:
            row: _Row | None = self._reader.execute(_GET, (pk.encode(), sk.encode())).fetchone()
        except sqlite3.OperationalError as error:
            raise Unavailable from error
        if row is None or (row[3] is not None and row[3] <= self._now()):
            return None
        return Item(pk, sk, orjson.loads(row[1]), row[0], row[3])

    async def query(
        self, pk: str, prefix: str = "", *, after: str | None = None, limit: int = 100, reverse: bool = False
    ) -> Page:
        check_query(pk, prefix, after, limit)
        start, end = prefix.encode(), prefix.encode() + _END
        edge = after.encode() if after is not None else (end if reverse else b"")
        statement = _DESCENDING if reverse else _ASCENDING
        try:
            rows = self._reader.execute(
                statement, (pk.encode(), start, end, self._now(), edge, limit + 1)
            ).fetchall()
        except sqlite3.OperationalError as error:
            raise Unavailable from error
        items = [
            Item(pk, sk.decode(), orjson.loads(data), version, expires_at)
            for sk, version, data, expires_at in rows[:limit]
        ]
        return Page(tuple(items), items[-1].sk if len(rows) > limit else None)

    async def transact(
        self, writes: Sequence[Write], *, operation: str | None = None
    ) -> list[dict[str, int]]:
        encoded = encode_writes(writes)
        if self._closed:
            raise Unavailable
        loop = asyncio.get_running_loop()
        job = _Job(writes, encoded, operation, loop, loop.create_future())
        self._jobs.put(job)
        return await job.future

    async def close(self) -> None:
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._reader.close()
        self._writer.close()

    def _work(self) -> None:
        """The writer's thread."""
        while True:
            jobs = [self._jobs.get()]
            while len(jobs) < _COMMIT_MAX and not self._jobs.empty():
                jobs.append(self._jobs.get())
            todo = [job for job in jobs if job is not None]
            if todo:
                for job, result in zip(todo, self._commit(todo), strict=True):
                    _deliver(job, result)
            if None in jobs:
                return

    def _commit(self, jobs: Sequence[_Job]) -> list[_Result]:
        """Do all jobs in one commit; one that is refused leaves no trace, and the others stand."""
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            results = [self._do(job) for job in jobs]
            self._sweep()
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:  # locked for too long, disk full, file damaged: nothing was written
            self._roll_back()
            return [_caused(error) for _ in jobs]
        except Exception as error:  # noqa: BLE001 - a caller's mistake, such as an expiry that is no int64
            self._roll_back()
            return [error] if len(jobs) == 1 else [self._commit([job])[0] for job in jobs]
        return results

    def _roll_back(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def _do(self, job: _Job) -> _Result:
        now = self._now()
        if job.operation is not None and self._is_done(job.operation, now):
            return [self._counters(write) for write in job.writes if isinstance(write, Add)]
        rows = [self._find(write, now) for write in job.writes]
        counters: list[dict[str, int]] = []
        for index, (write, row) in enumerate(zip(job.writes, rows, strict=True)):
            if not isinstance(write, Add):
                if not _holds(write.expect, row):
                    return Conflict(index)
                continue
            after = _added(write, row)
            if after is None:
                return Conflict(index)
            counters.append(after)
        if job.operation is not None:
            self._writer.execute(
                "INSERT OR REPLACE INTO operations (id, expires_at) VALUES (?, ?)",
                (job.operation, int(now) + OPERATION_KEPT_S),
            )
        added = iter(counters)
        told: list[dict[str, int]] = []
        for write, row, encoded in zip(job.writes, rows, job.encoded, strict=True):
            if isinstance(write, Add):
                after = next(added)
                told.append({} if _is_over(write, row, now) else after)
                encoded = orjson.dumps(after)
            self._write(write, row, encoded)
        return told

    def _is_done(self, operation: str, now: float) -> bool:
        found = self._writer.execute(
            "SELECT expires_at FROM operations WHERE id = ?", (operation,)
        ).fetchone()
        return found is not None and found[0] > now

    def _find(self, write: Write, now: float) -> _Row | None:
        row: _Row | None = self._writer.execute(_GET, (write.pk.encode(), write.sk.encode())).fetchone()
        return None if row is None or (row[3] is not None and row[3] <= now) else row

    def _counters(self, add: Add) -> dict[str, int]:
        row = self._find(add, self._now())
        return {} if row is None or not row[2] else orjson.loads(row[1])

    def _write(self, write: Write, row: _Row | None, data: bytes) -> None:
        if isinstance(write, Check):
            return
        pk, sk = write.pk.encode(), write.sk.encode()
        if isinstance(write, Delete):
            self._writer.execute("DELETE FROM items WHERE pk = ? AND sk = ?", (pk, sk))
            return
        counts = isinstance(write, Add)
        kept = row[3] if counts and row is not None else None
        expires_at = write.expires_at if kept is None else kept
        self._writer.execute(_PUT, (pk, sk, (row[0] if row else 0) + 1, data, counts, expires_at))

    def _sweep(self) -> None:
        """Now and then delete some of what has expired."""
        now = self._now()
        if now - self._swept_s >= _SWEEP_EVERY_S:
            self._swept_s = now
            self._writer.execute(_SWEEP, (now,))
            self._writer.execute("DELETE FROM operations WHERE expires_at <= ?", (now,))


def _connect(path: Path, busy_s: float) -> sqlite3.Connection:
    # SQLite is built to be used by any thread (sqlite3.threadsafety is 3), one statement at a time.
    connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
    path.chmod(0o600)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
    connection.executescript(_SCHEMA)
    return connection


def _holds(expect: int | None, row: _Row | None) -> bool:
    return expect is None or expect == (ABSENT if row is None else row[0])


def _is_over(add: Add, row: _Row | None, now: float) -> bool:
    """Whether the counters expire with the very write that makes them."""
    lasting = row is not None and row[3] is not None
    return not lasting and add.expires_at is not None and add.expires_at <= now


def _added(add: Add, row: _Row | None) -> dict[str, int] | None:
    if row is not None and not row[2]:
        return None
    before: Mapping[str, int] = orjson.loads(row[1]) if row is not None else {}
    return counted(before, add)


def _caused(error: sqlite3.Error) -> Unavailable:
    unavailable = Unavailable()
    unavailable.__cause__ = error
    return unavailable


def _deliver(job: _Job, result: _Result) -> None:
    def settle() -> None:
        if job.future.cancelled():
            return
        if isinstance(result, Exception):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)

    try:
        job.loop.call_soon_threadsafe(settle)
    except RuntimeError:
        pass  # the loop that asked is closed: nobody waits any more
