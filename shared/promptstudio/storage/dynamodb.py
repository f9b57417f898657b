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
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)

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
    Put,
    Unavailable,
    Write,
    check_key,
    check_query,
    check_total,
    check_writes,
    counted,
    encode,
)
from promptstudio.storage.retry import ANSWER_S, CONNECT_S, RETRY, Lost, NotDone, Retry

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.awsrequest import AWSResponse
    from types_boto3_dynamodb import DynamoDBClient

_THREADS: Final = 32
_REFUSED: Final = "ConditionalCheckFailed"
_NOT_DONE: Final = {  # as an answer, and as a reason why a transaction was cancelled
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
    "ThrottlingException",
    "TransactionConflict",
    "TransactionConflictException",
}


class _Refused(Exception):  # noqa: N818 - an outcome, not a fault
    """Conditions did not hold. The reasons are in the order of the actions."""

    def __init__(self, reasons: Sequence[Mapping[str, Any]]) -> None:
        self.reasons = reasons


def connect(
    endpoint: str | None = None, session: "Session | None" = None, answer_s: float = ANSWER_S
) -> "DynamoDBClient":
    """A client as the store needs it. Region and credentials are found where boto3 looks for them."""
    import boto3  # late, as it takes a fifth of a second
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_S,
        read_timeout=answer_s,
        max_pool_connections=_THREADS,
        retries={"total_max_attempts": 1},
    )
    client = (session or boto3.session.Session()).client("dynamodb", endpoint_url=endpoint, config=config)
    client.meta.events.register("after-call.dynamodb", _check_whole)
    return client


def make_table(client: "DynamoDBClient", table: str) -> None:
    """Make the table as the store needs it, and wait until it is there."""
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    )
    client.get_waiter("table_exists").wait(TableName=table)
    client.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
    )


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
        self._threads = ThreadPoolExecutor(_THREADS, "dynamodb")
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
        check_writes(writes)
        encoded = [encode(write.data) if isinstance(write, Put) else b"" for write in writes]
        check_total([len(data) for data in encoded])
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
                    return await self._write_one(writes[0], actions[0])
                if operation is not None:
                    actions.append(to_operation(self._table, operation, now))
                await self._write_all(actions)
            except _Refused as refused:
                if operation is not None and await self._find(operation_key(operation)):
                    return now
                begun |= _expired_adds(writes, refused.reasons, begun, now)
            else:
                return now

    async def _write_one(self, write: Write, action: Action) -> list[dict[str, int]]:
        def ask(client: "DynamoDBClient") -> Any:
            if action.kind == "Put":
                return client.put_item(**action.request)
            if action.kind == "Delete":
                return client.delete_item(**action.request)
            return client.update_item(**action.request, ReturnValues="ALL_NEW")

        answer = await self._ask(ask)
        if not isinstance(write, Add):
            return []
        return [counters(answer["Attributes"]) if action.kind == "Update" else dict(write.deltas)]

    async def _write_all(self, actions: Sequence[Action]) -> None:
        items = cast("Any", [{action.kind: action.request} for action in actions])
        await self._ask(lambda client: client.transact_write_items(TransactItems=items))

    async def _counters(self, writes: Sequence[Write], now: int) -> list[dict[str, int]]:
        keys = [key(write.pk, write.sk) for write in writes if isinstance(write, Add)]
        found = await asyncio.gather(
            *(self._retry.until_answered(lambda at=at: self._find(at)) for at in keys)  # type: ignore[misc]
        )
        return [counters(item) if item and not is_expired(item, now) else {} for item in found]

    async def _find(self, at: dict[str, Any]) -> Attributes | None:
        answer = await self._ask(
            lambda client: client.get_item(TableName=self._table, Key=at, ConsistentRead=True)
        )
        found: Attributes | None = answer.get("Item")
        return found

    async def _ask(self, ask: "Callable[[DynamoDBClient], Any]") -> Any:
        """The answer. Raises NotDone, Lost, _Refused or Unavailable."""
        if self._closed:
            raise Unavailable
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask_blocking, ask)

    def _ask_blocking(self, ask: "Callable[[DynamoDBClient], Any]") -> Any:
        from botocore.parsers import ResponseParserError  # late: it comes with boto3

        try:
            return ask(self._connected())
        except ClientError as error:
            raise _outcome(error) from error
        except (EndpointConnectionError, ConnectTimeoutError) as error:
            raise NotDone from error
        except (HTTPClientError, ResponseParserError) as error:
            raise Lost from error
        except BotoCoreError as error:  # no credentials, no region
            raise Unavailable from error

    def _connected(self) -> "DynamoDBClient":
        """The client, made late because that takes a tenth of a second."""
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _seconds(self) -> int:
        return int(self._now())


def _check_whole(http_response: "AWSResponse", **_: object) -> None:
    """Raise Lost for an answer that is not DynamoDB's, or was cut off: botocore takes either for `{}`."""
    body, headers = http_response.content, http_response.headers
    if not body or len(body) != int(headers.get("content-length", len(body))):
        raise Lost
    is_error = http_response.status_code >= 300
    if not is_error and not headers.get("content-type", "").startswith("application/x-amz-json"):
        raise Lost


def _outcome(error: ClientError) -> Exception:
    code = error.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        return _Refused([{"Code": _REFUSED, "Item": error.response.get("Item")}])
    if code == "TransactionCanceledException":
        return _cancelled(cast("Any", error.response).get("CancellationReasons", []))
    if code in _NOT_DONE:
        return NotDone()
    if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
        return Lost()
    return Unavailable()  # no such table, no permission, credentials expired


def _cancelled(reasons: Sequence[Mapping[str, Any]]) -> Exception:
    codes = {reason.get("Code") for reason in reasons}
    if _REFUSED in codes:
        return _Refused(reasons)
    return NotDone() if codes & _NOT_DONE else Unavailable()


def _expired_adds(
    writes: Sequence[Write], reasons: Sequence[Mapping[str, Any]], begun: set[int], now: int
) -> set[int]:
    """The Adds that were refused only because their counter has expired.

    Raises Conflict for any other refusal, and NotDone where such a counter was begun by somebody else.
    """
    expired = set()
    for index, (write, reason) in enumerate(zip(writes, reasons, strict=False)):
        if reason.get("Code") != _REFUSED or index in begun:
            continue
        found = reason.get("Item")
        if not (isinstance(write, Add) and found and is_expired(found, now) and counted({}, write)):
            raise Conflict(index)
        expired.add(index)
    if not expired:
        begun.clear()
        raise NotDone
    return expired
