"""What engines that speak DynamoDB's protocol share: a table for each space."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from boto3.session import Session

from promptstudio.storage.dynamodb import DynamoStore
from promptstudio.storage.dynamodb_client import connect, make_table
from promptstudio.storage.port import Store
from promptstudio.storage.retry import RETRY, Retry
from tests.contract.engines import Address, Way

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class _Space:
    def __init__(self, tables: "Tables", table: str) -> None:
        self._tables = tables
        self._table = table
        self.words = ["dynamodb", str(tables.address), table]

    def open(self, *, now: Callable[[], float], retry: Retry = RETRY, via: Way | None = None) -> Store:
        def client() -> "DynamoDBClient":
            return self._tables.client if via is None else self._tables.connect(via)

        return DynamoStore(self._table, connect=client, now=now, retry=retry)


def session() -> Session:
    """Credentials that these engines take."""
    return Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-central-1")


class Tables:
    """The tables of the engine at `address`."""

    def __init__(self, address: Address) -> None:
        self.address: Address | None = address
        self._session = session()
        self.client = self.connect(Way(address))
        self._spaces = 0

    def connect(self, way: Way) -> "DynamoDBClient":
        return connect(str(way.address), self._session, way.answer_s)

    def space(self) -> _Space:
        self._spaces += 1
        make_table(self.client, f"store-{self._spaces}")
        return _Space(self, f"store-{self._spaces}")
