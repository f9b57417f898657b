"""Limits, Idempotency-Key and the cache on every engine: at once, in several processes, over time."""

import asyncio
import sys

import pytest

from promptstudio.cache import exact
from promptstudio.errors import BOUNDS, AppError
from promptstudio.idempotency import LEASE_S, Claim, Held, keep, release, take
from promptstudio.providers.base import Usage
from promptstudio.storage.port import Store
from tests.contract.elsewhere import CLAIM, LIMITS, burst
from tests.contract.engines import Clock, Space
from tests.unit.endpoint.asgi import GREETING
from tests.unit.endpoint.state import ADA, RUN, Served, greet

_PROCESSES = 3
_RUNS = 20


@pytest.fixture
def served(store: Store, clock: Clock) -> Served:
    return Served(store, clock)


async def test_of_fifty_duplicates_at_once_one_asks_the_model(served: Served) -> None:
    model = served.answers(None, GREETING)
    tasks = [asyncio.create_task(served.ask(key="k")) for _ in range(50)]
    await model.waiting.wait()
    model.go_on.set()
    answers = await asyncio.gather(*tasks)
    assert len(model.requests) == 1
    told = [answer.body for answer in answers if answer.status == 200]
    refused = [answer.json["code"] for answer in answers if answer.status != 200]
    assert (len(set(told)), set(refused) <= {"conflict"}, len(answers)) == (1, True, 50)
    assert (await served.ask(key="k")).body == told[0]


async def test_a_key_is_answered_alike_until_its_day_is_over(served: Served, clock: Clock) -> None:
    first = await served.ask(key="k")
    clock.seconds += BOUNDS["idempotency_kept_s"] - 1
    assert (await served.ask(key="k")).body == first.body
    assert (await served.ask({**ADA, "user": "u"}, key="k")).json["code"] == "idempotency_mismatch"
    clock.seconds += 1
    assert (await served.ask(key="k")).body != first.body


async def test_a_burst_gets_no_more_than_its_tightest_limit(served: Served) -> None:
    served.serve(
        greet(
            "limits: [{requests: 9, per: day}, {requests: 7, per: hour, by: key}, {requests: 8, per: minute}]"
        )
    )
    answers = await asyncio.gather(*(served.ask() for _ in range(30)))
    assert sorted(answer.status for answer in answers) == [200] * 7 + [429] * 23
    assert len(served.model.requests) == 7
    other = await asyncio.gather(*(served.ask(by=served.second) for _ in range(10)))
    assert sorted(answer.status for answer in other) == [200] + [429] * 9


async def test_counts_begin_anew_with_each_window(served: Served, clock: Clock) -> None:
    served.serve(greet("limits: [{requests: 1, per: minute}, {requests: 2, per: hour}]"))
    told = []
    for later in (0, 0, 60, 60, 120, 3600):
        clock.seconds = 1_800_000_000 + later
        answer = await served.ask()
        told.append((answer.status, answer.headers["ratelimit"]))
    assert told == [
        (200, '"prompt-minute";r=0;t=60, "prompt-hour";r=1;t=3600'),
        (429, '"prompt-minute";r=0;t=60, "prompt-hour";r=1;t=3600'),
        (200, '"prompt-minute";r=0;t=60, "prompt-hour";r=0;t=3540'),
        (429, '"prompt-minute";r=0;t=60, "prompt-hour";r=0;t=3540'),
        (429, '"prompt-minute";r=1;t=60, "prompt-hour";r=0;t=3480'),
        (200, '"prompt-minute";r=0;t=60, "prompt-hour";r=1;t=3600'),
    ]


@pytest.mark.parametrize("limits", LIMITS)
async def test_bursts_of_several_processes_get_no_more_than_their_limit(
    space: Space, store: Store, clock: Clock, limits: str
) -> None:
    command = [sys.executable, "-m", "tests.contract.elsewhere", "burst", limits]
    others = [
        await asyncio.create_subprocess_exec(
            *command, f"process {number}", str(_RUNS), *space.words, stdout=asyncio.subprocess.PIPE
        )
        for number in range(_PROCESSES)
    ]
    mine = await burst(store, limits, "this one", _RUNS, clock())
    theirs = [int((await other.communicate())[0]) for other in others]
    assert mine + sum(theirs) == LIMITS[limits][0].requests < _RUNS * (_PROCESSES + 1)


async def test_a_process_that_is_killed_leaves_its_claim_to_others_after_the_lease(
    space: Space, store: Store, clock: Clock
) -> None:
    command = [sys.executable, "-m", "tests.contract.elsewhere", "hold", *space.words]
    holder = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    holder.kill()
    await holder.wait()
    mine = Claim(CLAIM.name, CLAIM.body, "mine")
    clock.seconds += LEASE_S - 1
    with pytest.raises(AppError) as refused:
        await take(store, "ws", mine, clock())
    assert refused.value.problem == "idempotency_running"
    clock.seconds += 1
    assert isinstance(await take(store, "ws", mine, clock()), Held)


async def test_who_comes_back_after_the_lease_changes_nothing(store: Store, clock: Clock) -> None:
    late, mine = (Claim("name", "body", run) for run in ("late", "mine"))
    lost = await take(store, "ws", late, clock())
    clock.seconds += LEASE_S
    held = await take(store, "ws", mine, clock())
    assert isinstance(lost, Held)
    assert isinstance(held, Held)
    await keep(store, lost, b"late", clock())
    await release(store, lost, clock())
    await keep(store, held, b"mine", clock())
    assert await take(store, "ws", late, clock()) == b"mine"


@pytest.mark.parametrize("worst", [b'"', b"\\", b"\0", b"a"])
async def test_the_longest_answer_can_be_kept(store: Store, clock: Clock, worst: bytes) -> None:
    held = await take(store, "ws", Claim("name", "body", "one"), clock())
    assert isinstance(held, Held)
    answer = worst * BOUNDS["kept_answer_bytes"]
    await keep(store, held, answer, clock())
    assert await take(store, "ws", Claim("name", "body", "two"), clock()) == answer


async def test_an_answer_is_cached_whole_for_its_time(store: Store, clock: Clock) -> None:
    text = 'é漢\U0001f600"\\\n\0' * 10_000
    await exact.keep(store, "ws", "key", text, Usage(1, 2, 3, 4), 60, clock())
    clock.seconds += 59
    hit = await exact.find(store, "ws", "key", clock())
    assert hit is not None
    assert (hit.answer.text, hit.answer.usage, hit.age_s) == (text, Usage(1, 2, 3, 4), 59)
    clock.seconds += 1
    assert await exact.find(store, "ws", "key", clock()) is None


async def test_a_run_with_all_three_is_claimed_counted_cached_and_kept(served: Served) -> None:
    served.serve(
        greet("limits: [{requests: 5, per: day}, {requests: 5, per: day, by: user}]", "cache: {ttl_s: 9}")
    )
    first = await served.ask(key="a")
    again = await served.ask(key="a")
    hit = await served.ask(key="b", path=RUN)
    assert (first.json["cache"]["status"], hit.json["cache"]["status"]) == ("miss", "exact")
    assert again.body == first.body
    assert (await served.ask(key="b")).body == hit.body
    assert hit.headers["ratelimit"] == '"prompt-day";r=3;t=57600, "user-day";r=3;t=57600'
    assert len(served.model.requests) == 1
