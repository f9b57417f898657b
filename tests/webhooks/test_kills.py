"""Processes killed at random moments while they tell of events and deliver them: none is lost.

PROMPTSTUDIO_EVENTS says how many; by default so few that it takes seconds.
"""

import asyncio
import os
import random
import sys
import time
from asyncio.subprocess import Process
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest

from promptstudio.queues.due import SHARDS
from promptstudio.storage.port import Store
from promptstudio.storage.sqlite import SqliteStore
from promptstudio.webhooks.records import DisabledFor, State
from promptstudio.webhooks.signing import is_genuine, new_secret
from promptstudio.webhooks.storage import find_endpoint
from tests.webhooks.ground import WORKSPACE, add_endpoint, deliveries
from tests.webhooks.process import CHANGES, KIND, hastened
from tests.webhooks.receiver import HANG, RESET, Call, receiving

EVENTS: Final = int(os.environ.get("PROMPTSTUDIO_EVENTS", "160"))

_WORKERS: Final = 2
_KILLS: Final = max(12, EVENTS // 50)
_TOGETHER_S: Final = 120 + EVENTS / 10


async def _start(*words: str) -> Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.webhooks.process", *words)


async def _kill(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


async def _tell(file: Path) -> None:
    """Have all changes made by processes that are killed, and begun again until the last is through."""
    for kill_after_s in (0.6, 0.8, 1.0):
        process = await _start("tell", str(file), "0", str(EVENTS))
        try:
            await asyncio.wait_for(process.wait(), kill_after_s)
        except TimeoutError:
            await _kill(process)
    process = await _start("tell", str(file), "0", str(EVENTS))
    assert await process.wait() == 0


async def _is_done(store: Store) -> bool:
    for number in range(SHARDS):
        if (await store.query(f"sys#due#tasks#{number}", limit=1)).items:
            return False
    return True


@pytest.mark.needs("make prove")
async def test_no_event_is_lost_by_kills_whatever_receivers_do(tmp_path: Path) -> None:
    file, secret, chance = tmp_path / "store.sqlite", new_secret(), random.Random(7)

    def answer(path: str) -> int:
        if path == "/gone":
            return 410
        if path == "/broken":
            return 500
        return chance.choice((204, 204, 204, 500, HANG, RESET))

    store, began = SqliteStore(file), time.time()
    async with receiving(answer) as receiver:
        urls = [f"{receiver.url}{path}" for path in ("/flaky", "/broken", "/gone")]
        flaky, broken, gone = [await add_endpoint(store, n, url, secret) for n, url in enumerate(urls)]
        telling = asyncio.create_task(_tell(file))
        workers = [await _start("work", str(file), str(began)) for _ in range(_WORKERS)]
        for _ in range(_KILLS):
            await asyncio.sleep(chance.uniform(0.3, 0.9))  # the random moment, not a wait for a condition
            victim = chance.randrange(_WORKERS)
            assert workers[victim].returncode is None
            await _kill(workers[victim])
            workers[victim] = await _start("work", str(file), str(began))
        await telling
        async with asyncio.timeout(_TOGETHER_S):
            while not await _is_done(store):  # noqa: ASYNC110 - other processes do it
                await asyncio.sleep(0.1)
        for worker in workers:
            await _kill(worker)
    assert await _count(store, CHANGES) == EVENTS
    calls = _by_id(receiver.calls, "/flaky")
    told = [each for each in await deliveries(store, flaky) if each.type == KIND]
    dead = {each.id for endpoint in (flaky, broken) for each in await deliveries(store, endpoint, dead=True)}
    assert len({each.event for each in told}) == len(told) == EVENTS
    for each in told:
        taken = any(call.answer == 204 for call in calls[each.event])
        assert (each.state == State.delivered and taken) or (each.state == State.dead and each.id in dead)
    assert sum(each.state == State.delivered for each in told) > 0.9 * EVENTS
    for each in await deliveries(store, broken):
        assert each.state == State.dead
        assert each.id in dead
    assert (await _disabled(store, gone)) == DisabledFor.gone
    _judge_signatures(calls, secret, hastened(began)())
    await store.close()


async def _count(store: Store, pk: str) -> int:
    count, after = 0, None
    while True:
        page = await store.query(pk, after=after, limit=1000)
        count, after = count + len(page.items), page.after
        if after is None:
            return count


async def _disabled(store: Store, endpoint: str) -> DisabledFor | None:
    found = await find_endpoint(store, WORKSPACE, endpoint)
    assert found is not None
    return found.value.disabled


def _by_id(calls: list[Call], path: str) -> defaultdict[str, list[Call]]:
    by_id: defaultdict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.path == path:
            by_id[call.headers["webhook-id"]].append(call)
    return by_id


def _judge_signatures(calls: defaultdict[str, list[Call]], secret: str, until: float) -> None:
    """Each attempt has a signature of its own moment, over the same body."""
    repeated = 0
    for attempts in calls.values():
        stamps = [call.headers["webhook-timestamp"] for call in attempts]
        assert len({call.body for call in attempts}) == 1
        assert (
            len(set(stamps)) == len({call.headers["webhook-signature"] for call in attempts}) == len(stamps)
        )
        repeated += len(stamps) > 1
        for call, stamp in zip(attempts, stamps, strict=True):
            assert int(stamp) <= until
            assert is_genuine(secret, call.headers, call.body, int(stamp))
    assert repeated > 0
