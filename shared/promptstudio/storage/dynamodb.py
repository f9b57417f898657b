"""The store on AWS: one DynamoDB table, string keys pk and sk, and expires_at as its TTL attribute.

boto3 blocks, so each request has a thread for its time. It asks once and we repeat: only we know what may
be repeated. An operation is noted as an item of the same transaction; DynamoDB's own request tokens are
forgotten after ten minutes.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

from promptstudio.storage.dynamodb_client import CONNECTIONS, REFUSED, Refused, ask, connect
from promptstudio.storage.dynamodb_requests import (
    Action,
    Attributes,
    counters,
    is_expired,
    key,
    operation_key,
    to_action,
    to_first_add,
    to_item,
    to_operation,
)
from promptstudio.storage.port import (
    Add,
    Conflict,
    Item,
    Page,
    Unavailable,
    Write,
    check_key,
    check_query,
    counted,
    encode_writes,
)
from promptstudio.storage.retry import RETRY, NotDone, Retry

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class DynamoStore:
    """A Store in a DynamoDB table, which is there already. `now` gives seconds since 1970."""

    def __init__(
        self,
        table: str,
        *,
        connect: "Callable[[], DynamoDBClient]" = connect,
        now: Callable[[], float] = time.time,
        retry: Retry = RETRY,
    ) -> None:
        self._table = table
        self._connect = connect
        self._now = now
        self._retry = retry
        self._threads = ThreadPoolExecutor(CONNECTIONS, "dynamodb")
        self._lock = threading.Lock()
        self._client: DynamoDBClient | None = None
        self._closed = False

    async def get(self, pk: str, sk: str) -> Item | None:
        check_key(pk)
        check_key(sk)
        found = await self._retry.until_answered(lambda: self._find(key(pk, sk)))
        return None if found is None or is_expired(found, self._seconds()) else to_item(found)

    async def query(
        self, pk: str, prefix: str = "", *, after: str | None = None, limit: int = 100, reverse: bool = False
    ) -> Page:
        check_query(pk, prefix, after, limit)
        request: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "ScanIndexForward": not reverse,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)" if prefix else "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}} | ({":prefix": {"S": prefix}} if prefix else {}),
            "Limit": limit + 1,  # one more tells whether there are more
        }
        if after is not None:
            request["ExclusiveStartKey"] = key(pk, after)
        return await self._page(request, limit)

    async def transact(
        self, writes: Sequence[Write], *, operation: str | None = None
    ) -> list[dict[str, int]]:
        encoded = encode_writes(writes)
        begun: set[int] = set()
        after = await self._retry.until_answered(
            lambda: self._write(writes, encoded, operation, begun), repeatable=operation is not None
        )
        return await self._counters(writes, after) if isinstance(after, int) else after

    async def close(self) -> None:
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown)
        if self._client is not None:
            self._client.close()

    async def _page(self, request: dict[str, Any], limit: int) -> Page:
        """Read on past what has expired, in ever larger steps, until the page is full."""
        items: list[Item] = []
        while True:
            answer = await self._retry.until_answered(
                lambda: self._ask(lambda client: client.query(**request))
            )
            now = self._seconds()
            items += [to_item(found) for found in answer["Items"] if not is_expired(found, now)]
            if len(items) > limit:
                return Page(tuple(items[:limit]), items[limit - 1].sk)
            if "LastEvaluatedKey" not in answer:
                return Page(tuple(items), None)
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            request["Limit"] = min(2 * request["Limit"], 1000)

    async def _write(
        self, writes: Sequence[Write], encoded: Sequence[bytes], operation: str | None, begun: set[int]
    ) -> list[dict[str, int]] | int:
        """The counters after the writes; the second of the writes where the counters have to be read.

        `begun` holds the Adds that replace an expired counter: one is known only from its refusal.
        """
        while True:
            now = self._seconds()
            actions = [
                to_first_add(self._table, write, now)
                if isinstance(write, Add) and index in begun
                else to_action(self._table, write, data, now)
                for index, (write, data) in enumerate(zip(writes, encoded, strict=True))
            ]
            try:
                if operation is None and len(writes) == 1 and actions[0].kind != "ConditionCheck":
                    return await self._write_one(writes[0], actions[0], now)
                if operation is not None:
                    actions.append(to_operation(self._table, operation, now))
                await self._write_all(actions)
            except Refused as refused:
                if operation is not None and await self._is_noted(operation, now):
                    return now
                begun |= _expired_adds(writes, refused.reasons, begun, now)
            else:
                return now

    async def _write_one(self, write: Write, action: Action, now: int) -> list[dict[str, int]]:
        def call(client: "DynamoDBClient") -> Any:
            if action.kind == "Put":
                return client.put_item(**action.request)
            if action.kind == "Delete":
                return client.delete_item(**action.request)
            return client.update_item(**action.request, ReturnValues="ALL_NEW")

        answer = await self._ask(call)
        if not isinstance(write, Add):
            return []
        if action.kind == "Update":
            found = answer["Attributes"]
            return [{} if is_expired(found, now) else counters(found)]
        return [{} if write.expires_at is not None and write.expires_at <= now else dict(write.deltas)]

    async def _write_all(self, actions: Sequence[Action]) -> None:
        items = cast("Any", [{action.kind: action.request} for action in actions])
        await self._ask(lambda client: client.transact_write_items(TransactItems=items))

    async def _counters(self, writes: Sequence[Write], now: int) -> list[dict[str, int]]:
        keys = [key(write.pk, write.sk) for write in writes if isinstance(write, Add)]
        found = await asyncio.gather(
            *(self._retry.until_answered(lambda at=at: self._find(at)) for at in keys)  # type: ignore[misc]
        )
        return [counters(item) if item and not is_expired(item, now) else {} for item in found]

    async def _is_noted(self, operation: str, now: int) -> bool:
        noted = await self._find(operation_key(operation))
        return noted is not None and not is_expired(noted, now)

    async def _find(self, at: dict[str, Any]) -> Attributes | None:
        answer = await self._ask(
            lambda client: client.get_item(TableName=self._table, Key=at, ConsistentRead=True)
        )
        found: Attributes | None = answer.get("Item")
        return found

    async def _ask(self, call: "Callable[[DynamoDBClient], Any]") -> Any:
        if self._closed:
            raise Unavailable
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, ask, call, self._connected)

    def _connected(self) -> "DynamoDBClient":
        """The client, made late because that takes a tenth of a second."""
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _seconds(self) -> int:
        return int(self._now())


def _expired_adds(
    writes: Sequence[Write], reasons: Sequence[Mapping[str, Any]], begun: set[int], now: int
) -> set[int]:
    """The Adds that were refused only because their counter has expired.

    Raises Conflict for any other refusal, and NotDone where such a counter was begun by somebody else.
    """
    expired = set()
    for index, (write, reason) in enumerate(zip(writes, reasons, strict=False)):
        if reason.get("Code") != REFUSED or index in begun:
            continue
        found = reason.get("Item")
        if not (isinstance(write, Add) and found and is_expired(found, now) and counted({}, write)):
            raise Conflict(index)
        expired.add(index)
    if not expired:
        begun.clear()
        raise NotDone
    return expired
