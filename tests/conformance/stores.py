"""Where deployments keep their state: engines across a network, each started once, when first asked for."""

import http.client
import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from boto3.session import Session

from promptstudio.storage.dynamodb_client import connect, make_table
from tests.conformance.runtimes import StoreNeed
from tests.contract.engines import Address, start
from tests.contract.engines.upstash import TOKEN

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

ENGINES: Final = {"vercel": "upstash", "vercel_node": "upstash", "gcf": "upstash", "aws_sam": "dynoxide"}
"""Runtime → the engine that it keeps its state in. The others keep it themselves."""

_CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
_REGION: Final = "eu-central-1"
_TABLE: Final = "conformance"


class Stores:
    """The engines; they end with `stack`. `refused_url` is where nothing listens."""

    def __init__(self, stack: ExitStack, refused_url: str) -> None:
        self._stack = stack
        self._refused_url = refused_url
        self._started: dict[str, str] = {}
        self._dynamo: DynamoDBClient | None = None

    def environ(self, runtime: str, need: StoreNeed) -> dict[str, str]:
        """What a runtime's environment says of its store, which is empty if that is needed."""
        if ENGINES.get(runtime) == "dynoxide":
            return self._dynamodb(need)
        if need == "refused":
            return _upstash(self._refused_url)
        if need == "empty" and ENGINES.get(runtime) == "upstash":
            return _upstash(self._empty_redis())
        return {}

    def _dynamodb(self, need: StoreNeed) -> dict[str, str]:
        url = self._empty_table() if need == "empty" else self._refused_url
        return {"AWS_ENDPOINT_URL_DYNAMODB": url, "PROMPTSTUDIO_TABLE": _TABLE, **_CREDENTIALS}

    def _empty_redis(self) -> str:
        url = self._url("upstash")
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        connection.request("POST", "/", json.dumps(["FLUSHALL"]), headers)
        assert connection.getresponse().status == http.client.OK
        connection.close()
        return url

    def _empty_table(self) -> str:
        url = self._url("dynoxide")
        if self._dynamo is None:
            self._dynamo = connect(url, Session("test", "test", region_name=_REGION))
            self._stack.callback(self._dynamo.close)
            make_table(self._dynamo, _TABLE)
        for page in self._dynamo.get_paginator("scan").paginate(TableName=_TABLE, ConsistentRead=True):
            for item in page["Items"]:
                self._dynamo.delete_item(TableName=_TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
        return url

    def _url(self, engine: str) -> str:
        if engine not in self._started:
            address: Address | None = self._stack.enter_context(start(engine)).address
            self._started[engine] = str(address)
        return self._started[engine]


def _upstash(url: str) -> dict[str, str]:
    return {"UPSTASH_REDIS_REST_URL": url, "UPSTASH_REDIS_REST_TOKEN": TOKEN}
