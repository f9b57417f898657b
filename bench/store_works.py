"""The port's operations on each engine, each beside the bare client that does the same work.

A bare client has the request at hand, parses JSON, and blocks no event loop: what blocks runs in a thread.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias, cast

import orjson
from boto3.session import Session
from upstash_redis.asyncio import Redis

from promptstudio.storage.dynamodb import DynamoStore
from promptstudio.storage.dynamodb_client import connect, make_table
from promptstudio.storage.port import ABSENT, Add, Check, Delete, Put, Store, Write
from promptstudio.storage.sqlite import SqliteStore
from promptstudio.storage.upstash import UpstashStore
from promptstudio.storage.upstash_scripts import TRANSACT, transact_args, transact_keys
from promptstudio.values import Json
from tests.contract.engines import start
from tests.contract.engines.upstash import TOKEN

Call: TypeAlias = Callable[[int], Awaitable[object]]
"""An operation; the number differs from call to call."""
Work: TypeAlias = tuple[Call, Call]
"""Ours, and the bare client's."""

DATA: Final[dict[str, Json]] = {"prompt": "summarize", "labels": ["a", "b"], "text": "x" * 500}
TEXT: Final = orjson.dumps(DATA)
PAGE: Final = 20
NAMES: Final = ("sqlite", "dynamodb", "upstash")


def ours(store: Store) -> dict[str, Call]:
    return {
        "get": lambda _: store.get("page", "00"),
        "query of 20": lambda _: store.query("page", limit=PAGE),
        "put": lambda n: store.transact([Put("put", f"{n % 50}", DATA)]),
        "put where absent": lambda n: store.transact([Put("new", f"{n}", DATA, expect=ABSENT)]),
        "put, then delete": lambda n: put_and_delete(store, n),
        "add under a ceiling": lambda n: store.transact([Add("add", f"{n % 50}", {"n": 1}, {"n": 10**9})]),
        "transaction of 3": lambda n: store.transact(three(n, "t")),
        "the same as an operation": lambda n: store.transact(three(n, "o"), operation=f"ours {n}"),
    }


async def put_and_delete(store: Store, n: int) -> None:
    await store.transact([Put("gone", f"{n}", DATA)])
    await store.transact([Delete("gone", f"{n}")])


async def in_turn(*calls: Awaitable[object]) -> None:
    for call in calls:
        await call


def three(n: int, pk: str) -> list[Write]:
    return [Put(pk, f"{n % 50}", DATA), Put(pk, f"new {n}", DATA), Check(pk, "none", ABSENT)]


async def fill(store: Store) -> None:
    await store.transact([Put("page", f"{index:02}", DATA) for index in range(PAGE)])


def beside(store: Store, bare: Mapping[str, Call]) -> dict[str, Work]:
    calls = ours(store)
    return {name: (calls[name], call) for name, call in bare.items()}


class BareSqlite:
    """sqlite3 as durable as ours: WAL, and a sync for each commit."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
        self._writer = ThreadPoolExecutor(1)

    def close(self) -> None:
        self._writer.shutdown()
        self._db.close()

    def calls(self) -> dict[str, Call]:
        return {
            "get": self._get,
            "query of 20": self._query,
            "put": lambda n: self._write([(_PUT, (b"raw", b"%d" % (n % 50), TEXT))]),
            "put where absent": lambda n: self._write([(_INSERT, (b"raw new", b"%d" % n, TEXT))]),
            "put, then delete": lambda n: in_turn(
                self._write([(_PUT, (b"raw gone", b"%d" % n, TEXT))]),
                self._write([(_DELETE, (b"raw gone", b"%d" % n))]),
            ),
            "add under a ceiling": lambda n: self._write([(_ADD, (b"raw add", b"%d" % (n % 50), 10**9))]),
            "transaction of 3": lambda n: self._write(self._three(n, b"raw t")),
            "the same as an operation": lambda n: self._write(
                [*self._three(n, b"raw o"), ("INSERT INTO operations VALUES (?, ?)", (f"bare {n}", 1 << 40))]
            ),
        }

    async def _get(self, _: int) -> object:
        row = self._db.execute("SELECT version, data FROM items WHERE pk = ? AND sk = ?", (b"page", b"00"))
        version, data = row.fetchone()
        return version, orjson.loads(data)

    async def _query(self, _: int) -> object:
        rows = self._db.execute(_QUERY, (b"page",))
        return [(sk.decode(), version, orjson.loads(data)) for sk, version, data in rows]

    def _three(self, n: int, pk: bytes) -> list[tuple[str, tuple[object, ...]]]:
        return [
            (_PUT, (pk, b"%d" % (n % 50), TEXT)),
            (_PUT, (pk, b"new %d" % n, TEXT)),
            ("SELECT version FROM items WHERE pk = ? AND sk = ?", (pk, b"none")),
        ]

    async def _write(self, statements: list[tuple[str, tuple[object, ...]]]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._writer, self._commit, statements)

    def _commit(self, statements: list[tuple[str, tuple[object, ...]]]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        for statement, values in statements:
            self._db.execute(statement, values)
        self._db.execute("COMMIT")


_QUERY: Final = "SELECT sk, version, data FROM items WHERE pk = ? ORDER BY sk LIMIT 21"
_INSERT: Final = "INSERT INTO items (pk, sk, version, data, counts) VALUES (?, ?, 1, ?, 0)"
_PUT: Final = f"{_INSERT} ON CONFLICT DO UPDATE SET version = version + 1, data = excluded.data"
_DELETE: Final = "DELETE FROM items WHERE pk = ? AND sk = ?"
_ADD: Final = """
INSERT INTO items (pk, sk, version, data, counts) VALUES (?, ?, 1, 1, 1)
ON CONFLICT DO UPDATE SET version = version + 1, data = data + 1 WHERE data < ?
"""


@asynccontextmanager
async def sqlite() -> AsyncIterator[dict[str, Work]]:
    with TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "store.sqlite")
        bare = BareSqlite(Path(folder) / "store.sqlite")
        await fill(store)
        yield beside(store, bare.calls())
        bare.close()
        await store.close()


class _BareDynamo:
    """boto3's client, called in threads as the store calls it."""

    def __init__(self, client: Any, threads: ThreadPoolExecutor) -> None:
        self._client = client
        self._threads = threads

    async def ask(self, call: Callable[..., Any], **request: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: call(TableName="bench", **request)
        )

    async def get(self, _: int) -> object:
        found = await self.ask(self._client.get_item, Key=_key("page", "00"), ConsistentRead=True)
        return orjson.loads(found["Item"]["json"]["S"])

    async def query(self, _: int) -> object:
        values = {":pk": {"S": "page"}}
        found = await self.ask(
            self._client.query,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=values,
            ConsistentRead=True,
            Limit=PAGE + 1,
        )
        return [orjson.loads(item["json"]["S"]) for item in found["Items"]]

    async def three_of(self, n: int, pk: str, *more: object) -> object:
        changes = [
            {"Update": {"TableName": "bench", **_update(pk, f"{n % 50}")}},
            {"Update": {"TableName": "bench", **_update(pk, f"new {n}")}},
            {"ConditionCheck": {"TableName": "bench", "Key": _key(pk, "none"), **_NONE}},
            *more,
        ]
        items = cast("Any", changes)
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: self._client.transact_write_items(TransactItems=items)
        )


def _noted(n: int) -> object:
    item = {**_key(f"\0bare {n}", "-"), "expires_at": {"N": "2000000000"}}
    return {"Put": {"TableName": "bench", "Item": item, **_NONE}}


@asynccontextmanager
async def dynamodb() -> AsyncIterator[dict[str, Work]]:
    with start("dynoxide") as engine, ThreadPoolExecutor(32) as threads:
        session = Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-central-1")
        client = connect(str(engine.address), session)
        make_table(client, "bench")
        store = DynamoStore("bench", connect=lambda: connect(str(engine.address), session))
        await fill(store)

        bare = _BareDynamo(client, threads)
        ask = bare.ask
        calls: dict[str, Call] = {
            "get": bare.get,
            "query of 20": bare.query,
            "put": lambda n: ask(client.update_item, **_update("raw", f"{n % 50}")),
            "put where absent": lambda n: ask(
                client.put_item, Item={**_key("raw new", f"{n}"), "version": _ONE, "json": _JSON}, **_NONE
            ),
            "put, then delete": lambda n: in_turn(
                ask(client.update_item, **_update("raw gone", f"{n}")),
                ask(client.delete_item, Key=_key("raw gone", f"{n}")),
            ),
            "add under a ceiling": lambda n: ask(client.update_item, **_add("raw add", f"{n % 50}")),
            "transaction of 3": lambda n: bare.three_of(n, "raw t"),
            "the same as an operation": lambda n: bare.three_of(n, "raw o", _noted(n)),
        }
        yield beside(store, calls)
        await store.close()
        client.close()


_ONE: Final = {"N": "1"}
_JSON: Final = {"S": TEXT.decode()}
_NONE: Final = {"ConditionExpression": "attribute_not_exists(pk)"}


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _update(pk: str, sk: str) -> dict[str, Any]:
    return {
        "Key": _key(pk, sk),
        "UpdateExpression": "SET json = :json ADD version :one",
        "ExpressionAttributeValues": {":json": _JSON, ":one": _ONE},
    }


def _add(pk: str, sk: str) -> dict[str, Any]:
    return {
        "Key": _key(pk, sk),
        "UpdateExpression": "ADD n :one, version :one",
        "ConditionExpression": "attribute_not_exists(n) OR n < :max",
        "ExpressionAttributeValues": {":one": _ONE, ":max": {"N": "1000000000"}},
        "ReturnValues": "ALL_NEW",
    }


@asynccontextmanager
async def upstash() -> AsyncIterator[dict[str, Work]]:
    with start("upstash") as engine:
        store = UpstashStore(str(engine.address), TOKEN, prefix="")
        redis = Redis(str(engine.address), TOKEN, rest_retries=0, allow_telemetry=False)
        await fill(store)

        async def get(_: int) -> object:
            found = await redis.hgetall("i:4:page00")
            return orjson.loads(found["d"])

        def run(writes: list[Write], operation: str | None = None) -> Awaitable[object]:
            encoded = [TEXT if isinstance(write, Put) else b"" for write in writes]
            args = transact_args(writes, encoded, operation, 1_900_000_000)
            return redis.evalsha(TRANSACT.sha1, transact_keys(writes, operation), args)

        calls: dict[str, Call] = {
            "get": get,
            "put": lambda n: run([Put("raw", f"{n % 50}", DATA)]),
            "put where absent": lambda n: run([Put("raw new", f"{n}", DATA, expect=ABSENT)]),
            "put, then delete": lambda n: in_turn(
                run([Put("raw gone", f"{n}", DATA)]), run([Delete("raw gone", f"{n}")])
            ),
            "add under a ceiling": lambda n: run([Add("raw add", f"{n % 50}", {"n": 1}, {"n": 10**9})]),
            "transaction of 3": lambda n: run(three(n, "raw t")),
            "the same as an operation": lambda n: run(three(n, "raw o"), f"bare {n}"),
        }
        yield beside(store, calls)
        await store.close()
        await redis.close()
