"""Each operation of the store port on each engine, beside the bare client of that engine.

    python bench/store.py [--only sqlite,dynamodb,upstash] [--rounds 15] [--calls 200]

Both do the same work, turn by turn, in one interleaved run, so that whatever else the machine does meets
both alike. A figure is the median of the rounds, in microseconds a call; its ratio is the median of the
rounds' ratios. DynamoDB is dynoxide (python tests/contract/engines/install_dynoxide.py), and Upstash a
redis-server behind the front of the tests, both on this machine: a real one adds the same way to both.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path
from typing import Final

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.store_works import Call, Work, dynamodb, sqlite, upstash

ENGINES: Final[dict[str, Callable[[], AbstractAsyncContextManager[dict[str, Work]]]]] = {
    "sqlite": sqlite,
    "dynamodb": dynamodb,
    "upstash": upstash,
}
AT_ONCE: Final = (1, 32)
TURN: Final = 8
"""How many calls each side has before it is the other's turn."""
Row = dict[int, tuple[float, float, float]]


async def timed(call: Call, first: int, calls: int, at_once: int) -> float:
    """Seconds for so many calls."""
    began = time.perf_counter()
    if at_once == 1:
        for number in range(first, first + calls):
            await call(number)
    else:
        await asyncio.gather(*(call(number) for number in range(first, first + calls)))
    return time.perf_counter() - began


async def one_round(work: Work, numbers: "count[int]", calls: int, at_once: int) -> tuple[float, float]:
    """Microseconds a call: ours, and the bare client's."""
    turn = TURN if at_once == 1 else at_once
    spent = [0.0, 0.0]
    turns = max(calls // turn, 1)
    for index in range(turns):
        first = next(numbers) * 1000
        for side in (0, 1) if index % 2 else (1, 0):
            spent[side] += await timed(work[side], first, turn, at_once)
    return spent[0] * 1e6 / (turns * turn), spent[1] * 1e6 / (turns * turn)


async def measure(works: dict[str, Work], rounds: int, calls: int) -> dict[str, Row]:
    numbers = count(1)
    found: dict[str, dict[int, list[tuple[float, float]]]] = {}
    for number in range(rounds + 1):
        for name, work in works.items():
            for at_once in AT_ONCE:
                pair = await one_round(work, numbers, calls, at_once)
                if number:  # the first round warms up
                    found.setdefault(name, {}).setdefault(at_once, []).append(pair)
    return {name: {at_once: summary(pairs) for at_once, pairs in by.items()} for name, by in found.items()}


def summary(pairs: list[tuple[float, float]]) -> tuple[float, float, float]:
    return (
        statistics.median(ours for ours, _ in pairs),
        statistics.median(bare for _, bare in pairs),
        statistics.median(ours / bare for ours, bare in pairs),
    )


def report(engine: str, rows: dict[str, Row]) -> None:
    head = "".join(f"{f'{at_once} at once: ours':>20}{'bare':>9}{'ratio':>8}" for at_once in AT_ONCE)
    print(f"\n{engine:<26}{head}")
    for name, row in rows.items():
        cells = [f"{ours:>20.0f}{bare:>9.0f}{ratio:>7.2f}x" for ours, bare, ratio in row.values()]
        print(f"{name:<26}" + "".join(cells))


async def run(engines: list[str], rounds: int, calls: int) -> None:
    for engine in engines:
        async with ENGINES[engine]() as works:
            report(engine, await measure(works, rounds, calls))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(ENGINES), help="names, with commas between")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=200)
    a = parser.parse_args()
    uvloop.run(run(a.only.split(","), a.rounds, a.calls))


if __name__ == "__main__":
    main()
