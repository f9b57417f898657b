"""Limits, claims and kept answers on networks that lose things: nothing is counted twice, or run twice."""

import asyncio
import random

import pytest

from promptstudio.idempotency import Claim, Held, keep, release, take
from promptstudio.limits import Caller
from promptstudio.limits import take as take_runs
from promptstudio.prompts.limit import Limit
from promptstudio.storage.port import Store, Unavailable
from promptstudio.storage.retry import ATTEMPTS
from tests.contract.conftest import NETWORKED, Engines
from tests.contract.engines import Clock, Engine
from tests.contract.engines.proxy import Fault, Proxy
from tests.contract.test_faults import BROKEN
from tests.unit.endpoint.state import ADA, Served, greet

_ONE = [Limit(2, "day", "prompt")]
_TWO = [*_ONE, Limit(9, "hour", "key")]
_CALLER = Caller("key-a")

broken = pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)


@pytest.fixture(params=NETWORKED)
def engine(request: pytest.FixtureRequest, engines: Engines) -> Engine:
    return engines[request.param]


async def runs(store: Store) -> int:
    """How many runs the prompt's counter has."""
    [item] = (await store.query("ws#limits#greet#prompt-day#")).items or [None]
    return 0 if item is None else int(str(item.data["runs"]))


def claim(run: str) -> Claim:
    return Claim("name", "body", run)


async def held(store: Store, clock: Clock, run: str) -> Held:
    taken = await take(store, "ws", claim(run), clock())
    assert isinstance(taken, Held)
    return taken


@broken
async def test_a_run_whose_count_was_lost_is_admitted_and_counted_once(
    distant: Store, store: Store, proxy: Proxy, clock: Clock, fault: Fault
) -> None:
    for number in (1, 2):
        proxy.faults.extend([fault, fault])
        taken = await take_runs(distant, "ws", "greet", _TWO, _CALLER, f"run {number}", clock())
        assert (taken.admitted, [count.used for count in taken.counts]) == (True, [number, number])
    proxy.faults.extend([fault, fault])
    taken = await take_runs(distant, "ws", "greet", _TWO, _CALLER, "run 3", clock())
    assert (taken.admitted, [count.remaining for count in taken.counts]) == (False, [0, 7])
    assert await runs(store) == 2


@broken
async def test_a_single_count_that_was_lost_is_refused_and_counted_at_most_once(
    distant: Store, store: Store, proxy: Proxy, clock: Clock, fault: Fault
) -> None:
    proxy.faults.append(fault)
    with pytest.raises(Unavailable):
        await take_runs(distant, "ws", "greet", _ONE, _CALLER, "run", clock())
    assert await runs(store) == fault.reaches


@broken
async def test_a_claim_whose_answer_was_lost_is_held_by_whoever_took_it(
    distant: Store, store: Store, proxy: Proxy, clock: Clock, fault: Fault
) -> None:
    proxy.faults.append(fault)
    mine = await held(distant, clock, "mine")
    with pytest.raises(Exception, match="still running"):
        await take(store, "ws", claim("other"), clock())
    await keep(store, mine, b"{}", clock())
    assert await take(store, "ws", claim("other"), clock()) == b"{}"


@broken
async def test_an_answer_whose_keeping_was_lost_is_kept(
    distant: Store, store: Store, proxy: Proxy, clock: Clock, fault: Fault
) -> None:
    mine = await held(store, clock, "mine")
    proxy.faults.append(fault)
    await keep(distant, mine, b"{}", clock())
    assert await take(store, "ws", claim("other"), clock()) == b"{}"


@broken
async def test_a_claim_whose_release_was_lost_is_free_once(
    distant: Store, store: Store, proxy: Proxy, clock: Clock, fault: Fault
) -> None:
    mine = await held(store, clock, "mine")
    proxy.faults.extend([fault, fault])
    await release(distant, mine, clock())
    await held(store, clock, "next")
    await release(distant, mine, clock())
    with pytest.raises(Exception, match="still running"):
        await take(store, "ws", claim("other"), clock())


async def test_a_store_that_answers_no_more_refuses_and_the_lease_frees_the_claim(
    distant: Store, store: Store, proxy: Proxy, clock: Clock
) -> None:
    served = Served(distant, clock)
    served.serve(greet("limits: [{requests: 5, per: day}, {requests: 5, per: hour}]"))
    proxy.faults.extend([BROKEN["lost"]] * 3 * ATTEMPTS)
    refused = await served.ask(key="k")
    assert (refused.status, refused.headers["retry-after"], served.model.requests) == (503, "1", [])
    proxy.faults.clear()
    clock.seconds += 900
    assert (await served.ask(key="k")).status == 200


async def test_on_a_bad_network_a_key_is_never_run_twice(distant: Store, proxy: Proxy, clock: Clock) -> None:
    chance = random.Random(11)
    fine = Fault(True, lambda answer: answer, "keep")
    proxy.faults.extend(chance.choice([*BROKEN.values(), *[fine] * 12]) for _ in range(1000))
    served = Served(distant, clock)
    served.serve(greet("limits: [{requests: 1000, per: day}, {requests: 1000, per: hour}]"))
    bodies: dict[str, set[bytes]] = {f"key {number}": set() for number in range(20)}

    async def ask_often(key: str) -> None:
        for _ in range(5):
            answer = await served.ask({**ADA, "user": key}, key=key)
            assert answer.status in (200, 409, 503)
            if answer.status == 200:
                bodies[key].add(answer.body)

    await asyncio.gather(*(ask_often(key) for key in bodies for _ in range(2)))
    assert proxy.faults, "there have been faults to the end"
    asked = [request.body.decode() for request in served.model.requests]
    assert max(sum(f'"{key}"' in body for body in asked) for key in bodies) == 1
    assert {len(told) for told in bodies.values()} <= {0, 1}
    assert sum(map(len, bodies.values())) > 10, "most of them have been answered"
