"""One question to several models: each answer in frames of its own, and no call left when nobody reads."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any, cast

import pytest

from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.gate import Ended
from promptstudio.endpoint.journal import Asked
from promptstudio.endpoint.run import prepare, render
from promptstudio.errors import BOUNDS, AppError
from promptstudio.sse import PING, SseDecoder
from promptstudio_functions.side_by_side import run_side_by_side
from tests.unit.endpoint.asgi import COMPLETED, ScriptedTransport, bundle, delta

BUSY = AppError("provider_busy", provider="openai", status=500)


async def asked(transport: ScriptedTransport) -> Asked:
    gate = BundleGate(bundle(), transport, None)
    prompt, version = await gate.resolve("greet")
    messages = render(version, {"name": "Ada"}, "/variables")
    return Asked(gate, prepare("0" * 24, prompt, version, messages, stream=True), None, streamed=True)


def events(data: bytes) -> list[tuple[str | None, Any]]:
    return [(event.event, json.loads(event.data)) for event in SseDecoder().feed(data)]


async def collected(runs: Sequence[Asked | AppError]) -> list[tuple[str | None, Any]]:
    frames = [frame async for frame in run_side_by_side(runs, "req_1")]
    return events(b"".join(frames))


async def test_each_models_events_carry_its_place() -> None:
    first, second = ScriptedTransport(delta("one"), COMPLETED), ScriptedTransport(delta("two"), COMPLETED)
    told = await collected([await asked(first), await asked(second)])
    assert told[-1] == ("end", {})
    for index, text in enumerate(("one", "two")):
        own = [(event, row) for event, row in told[:-1] if row["index"] == index]
        assert [event for event, _ in own] == ["start", "delta", "done"]
        assert own[0][1]["model"] == "openai/gpt-5.4-mini"
        assert own[1][1]["text"] == text
        assert own[2][1]["run"]["output"]["text"] == text


async def test_one_models_failure_leaves_the_others_their_answers() -> None:
    refused = AppError("render_empty")
    broken = ScriptedTransport(delta("o"), BUSY)
    told = await collected(
        [
            await asked(ScriptedTransport(BUSY)),
            refused,
            await asked(ScriptedTransport(COMPLETED)),
            await asked(broken),
        ]
    )
    ends = {row["index"]: (event, row.get("problem", {}).get("code")) for event, row in told if row}
    assert ends == {
        0: ("error", "provider_unavailable"),
        1: ("error", "invalid_variables"),
        2: ("done", None),
        3: ("error", "provider_unavailable"),
    }
    assert told[-1] == ("end", {})


async def test_frames_come_as_the_models_speak() -> None:
    slow = ScriptedTransport(delta("first"), None, COMPLETED)
    frames = run_side_by_side([await asked(slow)], "req_1")
    seen = b""
    while b"first" not in seen:
        seen += await anext(frames)
    assert not slow.go_on.is_set()
    slow.go_on.set()
    rest = b"".join([frame async for frame in frames])
    assert [event for event, _ in events(rest)] == ["done", "end"]


async def test_a_reader_that_leaves_closes_every_call() -> None:
    transports = [ScriptedTransport(delta("x"), None) for _ in range(3)]
    frames = run_side_by_side([await asked(transport) for transport in transports], "req_1")
    await anext(frames)
    for transport in transports:
        await transport.waiting.wait()
    await frames.aclose()
    assert all(transport.cancelled for transport in transports)


async def test_silence_is_bridged_by_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BOUNDS, "ping_s", 0)
    silent = ScriptedTransport(None)
    frames: AsyncGenerator[bytes, None] = run_side_by_side([await asked(silent)], "req_1")
    seen = [await anext(frames) for _ in range(3)]
    assert PING in seen
    await frames.aclose()


async def test_no_task_stays_behind() -> None:
    await collected([await asked(ScriptedTransport(COMPLETED))])
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_fault_of_ours_ends_its_model_and_no_other() -> None:
    class Broken:
        async def record(self, ended: Ended) -> None:
            raise RuntimeError

    faulty = await asked(ScriptedTransport(delta("one"), COMPLETED))
    cast("BundleGate", faulty.catalog).journal = Broken()
    async with asyncio.timeout(5):
        told = await collected([faulty, await asked(ScriptedTransport(delta("two"), COMPLETED))])
    ends = {row["index"]: (event, row.get("problem", {}).get("code")) for event, row in told if row}
    assert ends == {0: ("error", "internal"), 1: ("done", None)}
