"""Generated projects whose store is Redis at Upstash, built and served as their clouds do it, under load and
with a store that fails.

The store is a real Redis behind a front that speaks Upstash's REST, and before that a proxy that loses, cuts
and forges answers."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import pytest

from promptstudio.endpoint.keys import create, print_records
from tests.conformance.case import Answer
from tests.conformance.runtimes import Deployment, Runtime
from tests.conformance.runtimes import start as start_runtime
from tests.conformance.upstream import Script, ScriptedUpstream
from tests.contract.engines import Address, start
from tests.contract.engines.proxy import (
    CUT_IN_THE_BODY,
    DROPPED,
    LOST,
    LOST_BY_RESET,
    SILENT,
    Fault,
    Proxy,
    answers,
    before,
)
from tests.contract.engines.upstash import TOKEN
from tests.unit.endpoint.asgi import GREETING, bundle

pytestmark = pytest.mark.needs("redis-server")

LIMIT: Final = 20
KEY: Final = create("test")
LIMITED: Final = f"limits: [{{requests: {LIMIT}, per: day}}, {{requests: {LIMIT}, per: day, by: key}}]"
PROMPTS: Final = {
    "limited": f"---\nmodel: openai/gpt-5.4-mini\npromptstudio:\n  {LIMITED}\n---\nHello.",
    "cached": "---\nmodel: openai/gpt-5.4-mini\npromptstudio:\n  cache: {ttl_s: 60}\n---\nHello.",
    "plain": "---\nmodel: openai/gpt-5.4-mini\n---\nHello.",
}
GREETED: Final = Answer(200, {"content-type": "application/json"}, [GREETING], streamed=False)
UNAVAILABLE: Final = {
    "dropped": DROPPED,
    "lost": LOST,
    "server error": answers(500, '{"error": "oops"}'),
    "server error after it was done": answers(502, "<html>Bad Gateway", reaches=True),
    "throttled": answers(429, '{"error": "ERR max requests limit exceeded"}'),
    "garbage": answers(200, "<html>"),
}
PASSING: Final = {
    **UNAVAILABLE,
    "lost by reset": LOST_BY_RESET,
    "cut in the body": CUT_IN_THE_BODY,
    "silent": SILENT,
}
MANY: Final = 100


@dataclass(frozen=True, slots=True)
class Reply:
    """`headers` have their names in lower case."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass(slots=True)
class Function:
    """A deployed function, the model that it calls, and what is between it and its store."""

    url: str
    model: Script
    proxy: Proxy
    client: aiohttp.ClientSession

    async def run(self, prompt: str, **headers: str) -> Reply:
        url = f"{self.url}/v1/prompts/{prompt}/run"
        sent = {"Authorization": f"Bearer {KEY.key}", **headers}
        async with self.client.post(url, json={"variables": {}}, headers=sent) as response:
            named = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status, named, json.loads(await response.read()))

    async def run_at_once(self, times: int, prompt: str, **headers: str) -> Sequence[Reply]:
        return await asyncio.gather(*(self.run(prompt, **headers) for _ in range(times)))


@pytest.fixture(scope="module")
def redis() -> Iterator[Address]:
    with start("upstash") as engine:
        assert engine.address is not None
        yield engine.address


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("vercel", marks=pytest.mark.needs("node")),
        pytest.param("vercel_node", marks=pytest.mark.needs("node")),
        pytest.param("gcf", marks=pytest.mark.needs("functions-framework")),
    ],
)
def runtime(request: pytest.FixtureRequest) -> Iterator[Runtime]:
    with start_runtime(request.param) as runtime:
        yield runtime


@pytest.fixture
async def function(runtime: Runtime, redis: Address, upstream: ScriptedUpstream) -> AsyncIterator[Function]:
    everybody = aiohttp.TCPConnector(limit=0)
    async with before(redis) as proxy, aiohttp.ClientSession(connector=everybody) as client:
        await empty(redis, client)
        environ = {
            "OPENAI_API_KEY": "sk-test",
            "PROMPTSTUDIO_KEYS": print_records([KEY.record]),
            "UPSTASH_REDIS_REST_URL": str(proxy.address),
            "UPSTASH_REDIS_REST_TOKEN": TOKEN,
        }
        toml = f'[providers.openai]\nbase_url = "{upstream.url}/v1"\n'
        deployment = Deployment(bundle(PROMPTS, toml), environ, store="empty", number=proxy.address.port)
        address = await asyncio.to_thread(runtime.deploy, deployment)
        model = upstream.play([GREETED] * MANY)
        yield Function(f"http://{address.host}:{address.port}", model, proxy, client)
        model.finish()


async def empty(redis: Address, client: aiohttp.ClientSession) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with client.post(str(redis), headers=headers, json=["FLUSHALL"]) as flushed:
        assert flushed.status == 200


def keep_failing(proxy: Proxy, fault: Fault) -> None:
    proxy.faults.extend([fault] * MANY)


def is_unavailable(reply: Reply) -> bool:
    return (reply.status, reply.body["code"], reply.headers["retry-after"]) == (503, "unavailable", "1")


def left(reply: Reply) -> list[int]:
    """What a reply says is left of each limit."""
    return [int(part.split("r=")[1].split(";")[0]) for part in reply.headers["ratelimit"].split(", ")]


async def test_of_fifty_duplicates_one_calls_the_model_and_each_later_one_has_its_answer(
    function: Function,
) -> None:
    replies = await function.run_at_once(50, "plain", **{"Idempotency-Key": "order-7"})
    assert len(function.model.calls) == 1
    assert {reply.status for reply in replies} <= {200, 409}
    assert {reply.body["code"] for reply in replies if reply.status == 409} <= {"conflict"}
    later = await function.run("plain", **{"Idempotency-Key": "order-7"})
    answered = [reply.body for reply in (*replies, later) if reply.status == 200]
    assert answered == [later.body] * len(answered)
    assert len(answered) > 1
    assert len(function.model.calls) == 1


async def test_a_burst_is_admitted_up_to_its_limit_and_no_further(function: Function) -> None:
    replies = await function.run_at_once(2 * LIMIT + 5, "limited")
    assert Counter(reply.status for reply in replies) == {200: LIMIT, 429: LIMIT + 5}
    assert len(function.model.calls) == LIMIT
    admitted = sorted(left(reply)[0] for reply in replies if reply.status == 200)
    assert admitted[0] == 0
    assert all(left(reply) == [0, 0] for reply in replies if reply.status == 429)


async def test_an_answer_is_cached_for_the_next_who_asks(function: Function) -> None:
    first, second = await function.run("cached"), await function.run("cached")
    assert [first.body["cache"]["status"], second.body["cache"]["status"]] == ["miss", "exact"]
    assert first.body["output"] == second.body["output"]
    assert len(function.model.calls) == 1


@pytest.mark.parametrize("fault", UNAVAILABLE)
async def test_a_store_that_does_not_answer_lets_no_run_through_that_it_would_have_to_know_of(
    function: Function, fault: str
) -> None:
    keep_failing(function.proxy, UNAVAILABLE[fault])
    assert is_unavailable(await function.run("limited"))
    assert is_unavailable(await function.run("plain", **{"Idempotency-Key": "order-7"}))
    assert not function.model.calls
    assert (await function.run("plain")).status == 200
    missed = await function.run("cached")
    assert (missed.status, missed.body["cache"]) == (200, {"status": "miss"})
    function.proxy.faults.clear()
    after = await function.run("limited")
    assert after.status == 200
    assert left(after) in ([LIMIT - 1] * 2, [LIMIT - 2] * 2), "the refused run counts once or not at all"


@pytest.mark.parametrize("fault", PASSING)
async def test_what_the_store_fails_at_once_is_done_once(function: Function, fault: str) -> None:
    function.proxy.faults.append(PASSING[fault])
    counted = await function.run("limited")
    assert (counted.status, left(counted)) == (200, [LIMIT - 1] * 2)
    function.proxy.faults.append(PASSING[fault])
    claimed = await function.run("plain", **{"Idempotency-Key": "order-7"})
    assert claimed.status == 200
    function.proxy.faults.append(PASSING[fault])
    assert (await function.run("plain", **{"Idempotency-Key": "order-7"})).body == claimed.body
    assert not function.proxy.faults
    assert len(function.model.calls) == 2


async def test_a_run_that_needs_no_store_asks_none(function: Function) -> None:
    assert (await function.run("plain")).status == 200
    assert function.proxy.requests == 0
