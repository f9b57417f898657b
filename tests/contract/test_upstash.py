"""What only Redis has: scripts that it forgets, and memory that is swept."""

from collections.abc import AsyncIterator
from itertools import count
from typing import Final

import pytest
from upstash_redis.asyncio import Redis

from promptstudio.storage.port import Item, Put, Store, Unavailable
from promptstudio.storage.upstash import UpstashStore
from tests.contract.conftest import Engines
from tests.contract.engines import Clock, Engine, Space
from tests.contract.engines.upstash import TOKEN

pytestmark = pytest.mark.needs("redis-server")

_DAY: Final = 24 * 3600


@pytest.fixture
def engine(engines: Engines) -> Engine:
    return engines["upstash"]


@pytest.fixture
async def redis(engine: Engine) -> AsyncIterator[Redis]:
    async with Redis(str(engine.address), TOKEN, rest_retries=0, allow_telemetry=False) as redis:
        yield redis


async def keys(redis: Redis, pattern: str) -> int:
    found = await redis.keys(pattern)
    assert isinstance(found, list)
    return len(found)


async def test_scripts_that_redis_forgot_are_told_again(store: Store, redis: Redis) -> None:
    for number in range(1, 4):
        await redis.script_flush()
        await store.transact([Put("ws", "a", {"n": number})])
        await redis.script_flush()
        assert await store.get("ws", "a") == Item("ws", "a", {"n": number}, number)


async def test_what_has_expired_is_swept_a_little_at_each_write(
    store: Store, redis: Redis, clock: Clock
) -> None:
    await redis.flushdb()
    for pk in ("ws", "1:é"):
        await store.transact(
            [Put(pk, f"{index}\n{pk}", {}, expires_at=int(clock()) + 10) for index in range(20)]
        )
    clock.seconds += 10
    swept = []
    for number in count(1):
        await store.transact([Put("tick", "tick", {"n": number})])
        swept.append(await keys(redis, "*i:*"))
        if swept[-1] == 1:
            break
    assert swept == [31, 21, 11, 1]
    assert await keys(redis, "*") == 2  # that item, and its partition


async def test_operations_are_forgotten_after_a_day(store: Store, redis: Redis) -> None:
    await redis.flushdb()
    await store.transact([Put("ws", "a", {})], operation="op")
    [key] = await redis.keys("*o:op")
    assert _DAY - 60 < await redis.ttl(key) <= _DAY


async def test_a_wrong_token_is_unavailable(engine: Engine, space: Space, clock: Clock) -> None:
    store = UpstashStore(str(engine.address), "wrong", now=clock)
    with pytest.raises(Unavailable):
        await store.get("ws", "a")
    await store.close()
