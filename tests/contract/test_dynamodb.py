"""What only DynamoDB has: notes of operations that lie there after their day, and a table of its own."""

import pytest

from promptstudio.storage.port import Conflict, Item, Put, Store
from tests.contract.conftest import Engines
from tests.contract.engines import Clock, Engine
from tests.contract.engines.tables import Tables


@pytest.fixture
def engine(engines: Engines) -> Engine:
    return engines["moto"]


async def test_an_operation_that_has_had_its_day_is_a_new_one(store: Store, clock: Clock) -> None:
    await store.transact([Put("ws", "a", {"n": 1})], operation="op")
    clock.seconds += 24 * 3600
    with pytest.raises(Conflict):
        await store.transact([Put("ws", "a", {"n": 2}, expect=7)], operation="op")
    await store.transact([Put("ws", "a", {"n": 2}, expect=1)], operation="op")
    assert await store.get("ws", "a") == Item("ws", "a", {"n": 2}, 2)


async def test_dynamodb_is_told_to_delete_what_has_expired(engine: Engine, store: Store) -> None:
    assert isinstance(engine, Tables)
    client = engine.client
    [*_, table] = client.list_tables()["TableNames"]
    told = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert told == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
