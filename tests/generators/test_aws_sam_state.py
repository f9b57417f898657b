"""The table of a Lambda project's stack: shaped as the store needs it, and used in the ways that its policy
allows."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import pytest
from boto3.session import Session

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.errors import AppError
from promptstudio.settings import Settings
from promptstudio.storage.dynamodb import DynamoStore
from promptstudio.storage.dynamodb_client import connect
from promptstudio_generators.targets import generate
from tests.contract.engines import Engine, start
from tests.generators.cloudformation import read_template, resolved
from tests.generators.projects import OPTIONS
from tests.unit.endpoint.asgi import JSON, Client, ScriptedTransport, bundle

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

PROMPT: Final = """---
model: openai/gpt-5.4-mini
promptstudio:
  limits: {limits}
  cache: {{ttl_s: 60}}
---
Hello."""
PROMPTS: Final = {
    "one": PROMPT.format(limits="[{requests: 3, per: day}]"),
    "two": PROMPT.format(limits="[{requests: 3, per: day}, {requests: 9, per: day, by: user}]"),
}
BROKEN: Final = AppError("provider_busy", provider="openai", status=500)
IN_TRANSACTIONS: Final = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with start("moto") as engine:
        yield engine


@pytest.fixture
def client(engine: Engine) -> "Iterator[DynamoDBClient]":
    client = connect(str(engine.address), Session("test", "test", region_name="eu-central-1"))
    yield client
    client.close()


def resources() -> dict[str, Any]:
    template = read_template(generate("aws-sam", bundle(PROMPTS), OPTIONS)["template.yaml"])
    found: dict[str, Any] = resolved(template, ())["Resources"]
    return found


def make(client: "DynamoDBClient", table: str) -> None:
    """The table as CloudFormation would make it."""
    properties = resources()["Table"]["Properties"]
    expiry = properties.pop("TimeToLiveSpecification")
    client.create_table(TableName=table, **properties)
    client.update_time_to_live(TableName=table, TimeToLiveSpecification=expiry)


def allowed() -> set[str]:
    policies = resources()["Role"]["Properties"]["Policies"]
    (statement,) = next(
        row["PolicyDocument"]["Statement"] for row in policies if row["PolicyName"] == "Table"
    )
    return {action.removeprefix("dynamodb:") for action in statement["Action"]}


def noted(client: "DynamoDBClient") -> set[str]:
    """What the table is asked for from now on, by the names that policies have for it."""
    actions: set[str] = set()

    def note(model: Any, params: Mapping[str, Any], **_: object) -> None:
        if model.name != "TransactWriteItems":
            actions.add(model.name)
            return
        for item in params["TransactItems"]:
            actions.update(IN_TRANSACTIONS.get(kind, kind) for kind in item)

    client.meta.events.register(
        "provide-client-params.dynamodb", lambda params, model, **_: note(model, params)
    )
    return actions


async def test_what_the_endpoint_does_with_its_table_is_what_its_policy_allows(
    client: "DynamoDBClient",
) -> None:
    make(client, "policy")
    store = DynamoStore("policy", connect=lambda: client)
    actions = noted(client)
    gate = BundleGate(bundle(PROMPTS), ScriptedTransport(), None)
    gate.store = store
    app = Endpoint(gate, Settings())

    async def run(prompt: str, **members: object) -> int:
        headers = [JSON, (b"idempotency-key", str(members.pop("key", "k")).encode())]
        sent = Client(f"/v1/prompts/{prompt}/run", {"variables": {}, **members}, headers=headers)
        await app(sent.scope, sent.receive, sent.send)
        return sent.answer.status

    assert [await run("one"), await run("one")] == [200, 200]  # kept and replayed
    assert [await run("one", key=key, cache="refresh") for key in "abc"] == [200, 200, 429]
    assert [await run("two", key=key) for key in "abcd"] == [200, 200, 200, 429]
    gate.transport = ScriptedTransport(BROKEN)
    gate.load(bundle({"one": "---\nmodel: openai/gpt-5.4-mini\n---\nHello."}))
    assert await run("one", key="d") == 503  # the claim is released
    await store.close()
    assert actions == allowed()


async def test_what_has_expired_is_marked_for_dynamodb_to_delete(client: "DynamoDBClient") -> None:
    make(client, "expiry")
    described = client.describe_time_to_live(TableName="expiry")["TimeToLiveDescription"]
    assert described == {"AttributeName": "expires_at", "TimeToLiveStatus": "ENABLED"}
    store = DynamoStore("expiry", connect=lambda: client)
    gate = BundleGate(bundle(PROMPTS), ScriptedTransport(), None)
    gate.store = store
    sent = Client("/v1/prompts/two/run", {"variables": {}}, headers=[JSON, (b"idempotency-key", b"k")])
    await Endpoint(gate, Settings())(sent.scope, sent.receive, sent.send)
    assert sent.answer.status == 200
    items = client.scan(TableName="expiry")["Items"]
    assert len(items) >= 5  # two counters, the answer for its key, the answer for the cache, an operation
    assert all("expires_at" in item for item in items)
    await store.close()
