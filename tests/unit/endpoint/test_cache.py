"""The exact-match cache at the endpoint: what is answered from it, what never is, and what callers see."""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from promptstudio.endpoint import journal, stages
from promptstudio.endpoint.run_log import RunLog
from promptstudio.errors import BOUNDS, AppError
from promptstudio.log_lines import MEMBERS
from tests.unit.endpoint.asgi import COMPLETED, GREETING, Answer, delta
from tests.unit.endpoint.state import ADA, ADA_RESPONSES, RESPONSES, RUN, Clock, Served, greet
from tests.unit.storage.faulty import DOWN, FaultyStore

CACHED = greet("cache: {ttl_s: 60}")
COUNTED = GREETING[:-1] + (
    b',"usage":{"input_tokens":12,"input_tokens_details":{"cached_tokens":4},"output_tokens":3}}'
)
OPTIONAL = "{type: object, properties: {mood: {type: number}, why: {type: string}}, required: [mood]}"
STREAMED = {**ADA, "stream": True}


@pytest.fixture
def cached(served: Served) -> Served:
    served.serve(CACHED)
    served.answers(COUNTED)
    return served


def told(answer: Answer) -> Any:
    """What an answer says of the cache."""
    return (answer.events[-1][1] if answer.headers["content-type"] == "text/event-stream" else answer.json)[
        "cache"
    ]


async def test_the_same_question_is_asked_once_and_then_costs_nothing(cached: Served, clock: Clock) -> None:
    first = await cached.ask()
    clock.seconds += 7.9
    again = await cached.ask()
    assert len(cached.model.requests) == 1
    assert first.json["cache"] == {"status": "miss"}
    assert first.json["cost_usd"] not in (None, "0")
    assert again.body == first.body.replace(first.json["id"].encode(), again.json["id"].encode()).replace(
        b'"cost_usd":"%b"' % first.json["cost_usd"].encode(), b'"cost_usd":"0"'
    ).replace(b'"cache":{"status":"miss"}', b'"cache":{"status":"exact","age_s":7}')
    assert again.json["id"] != first.json["id"]
    assert again.json["usage"] == {"input_tokens": 12, "output_tokens": 3, "cached_tokens": 4}
    assert "server-timing" not in again.headers


async def test_a_cached_answer_streams_as_one_delta(cached: Served) -> None:
    await cached.ask()
    stream = await cached.ask(STREAMED)
    assert stream.headers["content-type"] == "text/event-stream"
    assert [event for event, _ in stream.events] == ["start", "delta", "done"]
    assert stream.events[1] == ("delta", {"text": "Hello!"})
    assert stream.events[0][1]["id"] == stream.events[2][1]["id"]
    assert told(stream) == {"status": "exact", "age_s": 0}
    assert stream.complete


async def test_what_was_streamed_is_cached_too(cached: Served) -> None:
    cached.answers(delta("Hel"), delta("lo!"), COMPLETED)
    assert told(await cached.ask(STREAMED)) == {"status": "miss"}
    again = await cached.ask()
    assert (again.json["output"]["text"], told(again)["status"]) == ("Hello!", "exact")


async def test_it_is_kept_for_as_long_as_the_prompt_says(cached: Served, clock: Clock) -> None:
    await cached.ask()
    clock.seconds += 59
    assert told(await cached.ask()) == {"status": "exact", "age_s": 59}
    clock.seconds += 1
    assert told(await cached.ask()) == {"status": "miss"}


async def test_bypass_neither_reads_nor_writes(cached: Served) -> None:
    bypass = {**ADA, "cache": "bypass"}
    assert told(await cached.ask(bypass)) == {"status": "bypass"}
    assert told(await cached.ask()) == {"status": "miss"}
    assert told(await cached.ask(bypass)) == {"status": "bypass"}
    assert len(cached.model.requests) == 3


async def test_refresh_asks_the_model_and_keeps_its_newer_answer(cached: Served) -> None:
    await cached.ask()
    cached.answers(COUNTED.replace(b"Hello!", b"Good day!"))
    assert told(await cached.ask({**ADA, "cache": "refresh"})) == {"status": "miss"}
    again = await cached.ask({**ADA, "cache": "default"})
    assert (again.json["output"]["text"], told(again)["status"]) == ("Good day!", "exact")


async def test_a_prompt_without_a_cache_says_bypass(served: Served) -> None:
    assert [told(await served.ask({**ADA, "cache": how})) for how in ("default", "refresh")] == [
        {"status": "bypass"}
    ] * 2


@pytest.mark.parametrize(
    "body",
    [
        {"variables": {"name": "Bob"}},
        {**ADA, "messages": [{"role": "user", "content": "Hi"}]},
        {**ADA, "version": 2},
    ],
)
async def test_another_question_is_another_entry(cached: Served, body: Mapping[str, object]) -> None:
    first = CACHED.replace("model:", "version: 1\npromptstudio.labels: [production]\nmodel:")
    cached.serve(first, second=CACHED.replace("model:", "name: greet\nversion: 2\nmodel:"))
    await cached.ask()
    assert told(await cached.ask(body))["status"] == "miss"
    assert told(await cached.ask())["status"] == "exact"


@pytest.mark.parametrize(
    "changed",
    [
        CACHED.replace("Greet {{name}}.", "Greet  {{name}}."),
        CACHED.replace("gpt-5.4-mini", "gpt-5.4"),
        CACHED.replace("model:", "description: Other.\nmodel:"),
        CACHED.replace("model:", "config: {temperature: 0.5}\nmodel:"),
    ],
)
async def test_a_changed_prompt_is_another_entry(cached: Served, changed: str) -> None:
    await cached.ask()
    cached.serve(changed)
    assert told(await cached.ask())["status"] == "miss"


async def test_the_answer_is_everybodys(cached: Served) -> None:
    await cached.ask({**ADA, "user": "a"})
    for body, by in (({**ADA, "user": "b", "metadata": {"a": 1}}, cached.second), (ADA, cached.first)):
        assert told(await cached.ask(body, by=by))["status"] == "exact"


async def test_both_apis_share_it(cached: Served) -> None:
    await cached.ask()
    response = await cached.ask(ADA_RESPONSES, path=RESPONSES)
    assert response.json["output"][0]["content"][0]["text"] == "Hello!"
    assert response.json["usage"]["input_tokens_details"] == {"cached_tokens": 4, "cache_write_tokens": 0}
    assert response.json["usage"]["total_tokens"] == 15
    stream = await cached.ask({**ADA_RESPONSES, "stream": True}, path=RESPONSES)
    assert [event.rpartition(".")[2] for event, _ in stream.events] == [
        "created", "in_progress", "added", "added", "delta", "done", "done", "done", "completed",
    ]  # fmt: skip
    assert len(cached.model.requests) == 1


@pytest.mark.parametrize(
    "override",
    [
        {"temperature": 0.5},
        {"model": "openai/gpt-5.4"},
        {"instructions": "Be brief."},
        {"input": "More."},
        {"text": {"format": {"type": "json_object"}}},
        {"max_output_tokens": 5},
    ],
)
async def test_what_a_response_overrides_is_another_entry(
    cached: Served, override: Mapping[str, object]
) -> None:
    cached.answers(COUNTED.replace(b"Hello!", b"{}"))
    await cached.ask(ADA_RESPONSES, path=RESPONSES)
    await cached.ask({**ADA_RESPONSES, **override}, path=RESPONSES)
    assert len(cached.model.requests) == 2
    await cached.ask({**ADA_RESPONSES, **override}, path=RESPONSES)
    assert len(cached.model.requests) == 2


async def test_text_is_not_given_for_json_though_the_provider_is_asked_the_same(cached: Served) -> None:
    """Anthropic has no JSON mode without a schema."""
    cached.serve(greet("cache: {ttl_s: 60}", model="anthropic/claude-haiku-5-5"))
    said = b'{"type":"message","content":[{"type":"text","text":"%b"}],"stop_reason":"end_turn"}'
    cached.answers(said % b"Hello!")
    assert (await cached.ask(ADA_RESPONSES, path=RESPONSES)).status == 200
    cached.answers(said % b"{}")
    as_json = {**ADA_RESPONSES, "text": {"format": {"type": "json_object"}}}
    answer = await cached.ask(as_json, path=RESPONSES)
    assert (answer.status, answer.json["output"][0]["content"][0]["text"]) == (200, "{}")


async def test_json_comes_out_as_it_went_in(cached: Served) -> None:
    cached.serve(greet("cache: {ttl_s: 60}", head=[f"output: {{schema: {OPTIONAL}}}"]))
    cached.answers(COUNTED.replace(b'"Hello!"', b'"{\\"why\\":null,\\"mood\\":1e1}"'))
    first, again = await cached.ask(), await cached.ask()
    assert again.json["output"] == first.json["output"] == {
        "type": "json", "json": {"mood": 10}, "text": '{"why":null,"mood":1e1}',
    }  # fmt: skip
    assert told(again)["status"] == "exact"


UNFINISHED = {
    "stopped by its length": GREETING.replace(
        b'"completed"', b'"incomplete","incomplete_details":{"reason":"max_output_tokens"}'
    ),
    "a refusal": GREETING.replace(b'"output_text","text"', b'"refusal","refusal"'),
}


@pytest.mark.parametrize("answer", UNFINISHED.values(), ids=UNFINISHED)
async def test_an_answer_that_is_not_whole_is_not_cached(cached: Served, answer: bytes) -> None:
    cached.answers(answer)
    found = [await cached.ask() for _ in range(2)]
    assert {each.json["finish_reason"] for each in found} & {"length", "content_filter"}
    assert [told(each)["status"] for each in found] == ["miss", "miss"]


async def test_a_failure_is_not_cached(cached: Served) -> None:
    cached.answers(AppError("provider_busy", provider="openai", status=500))
    assert (await cached.ask()).status == 503
    cached.answers(delta("Hel"))
    assert (await cached.ask(STREAMED)).events[-1][0] == "error"
    cached.answers(COUNTED)
    assert told(await cached.ask())["status"] == "miss"


async def test_an_answer_that_is_too_long_is_not_cached(cached: Served) -> None:
    cached.answers(COUNTED.replace(b"Hello!", b"a" * BOUNDS["kept_answer_bytes"]))
    assert [told(await cached.ask())["status"] for _ in range(2)] == ["miss", "miss"]


async def test_a_cached_run_is_counted_and_kept_like_any(cached: Served) -> None:
    cached.serve(greet("limits: [{requests: 3, per: day}]", "cache: {ttl_s: 60}"))
    await cached.ask()
    hit = await cached.ask(key="k")
    assert hit.headers["ratelimit"] == '"prompt-day";r=1;t=57600'
    assert told(hit)["status"] == "exact"
    assert (await cached.ask(key="k")).body == hit.body
    assert (await cached.ask()).headers["ratelimit"] == '"prompt-day";r=0;t=57600'
    assert (await cached.ask()).status == 429


async def test_a_cached_run_is_recorded_like_any(cached: Served) -> None:
    await cached.ask()
    await cached.ask({**STREAMED, "user": "u"})
    miss, hit = cached.runs.ended
    assert (miss.run.cache, miss.streamed) == ("miss", False)
    assert (hit.code, hit.run.cache, hit.streamed, hit.user) == ("ok", "exact", True, "u")
    assert hit.outcome is not None
    assert (hit.outcome.cost_usd, hit.outcome.usage.input) == ("0", 12)
    assert hit.took_s < miss.took_s + 1


async def test_a_runs_time_begins_behind_the_store(
    cached: Served, store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0

    async def slow_get(pk: str, sk: str) -> None:
        nonlocal now_s
        now_s += 100

    monkeypatch.setattr(journal, "perf_counter", lambda: now_s)
    monkeypatch.setattr(store, "get", slow_get)
    await cached.ask()
    assert [ended.took_s for ended in cached.runs.ended] == [0]


async def test_lines_of_the_log_say_what_the_cache_did(
    cached: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    cached.journal = RunLog()
    for body in (ADA, ADA, {**ADA, "cache": "bypass"}):
        await cached.ask(body)
    lines = [getattr(record, MEMBERS) for record in caplog.records if hasattr(record, MEMBERS)]
    assert [line["cache"] for line in lines] == ["miss", "exact", "bypass"]
    assert lines[1]["cost_usd"] == "0"
    assert "Ada" not in json.dumps(lines)


async def test_a_cache_that_does_not_answer_is_a_miss(
    cached: Served, store: FaultyStore, caplog: pytest.LogCaptureFixture
) -> None:
    await cached.ask()
    store.faults = [DOWN]
    assert told(await cached.ask()) == {"status": "miss"}
    assert "goes on though the store does not answer" in caplog.text
    store.down = True
    caplog.clear()
    answer = await cached.ask(STREAMED)
    assert (answer.status, answer.complete) == (200, True)
    assert "goes on though the store does not answer" in caplog.text
    store.down = False
    assert told(await cached.ask())["status"] == "exact"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_cache_that_is_silent_is_a_miss_within_seconds(
    cached: Served,
    store: FaultyStore,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    stream: bool,
) -> None:
    assert stages.CACHE_S <= 2.5
    monkeypatch.setattr(stages, "CACHE_S", 0.01)
    cached.answers(*((delta("Hello!"), COMPLETED) if stream else (COUNTED,)))
    store.stuck = asyncio.Event()
    async with asyncio.timeout(5):
        answer = await cached.ask({**ADA, "stream": stream})
    assert (answer.status, told(answer), answer.complete) == (200, {"status": "miss"}, True)
    assert len(store.calls) == 2
    assert caplog.text.count("goes on though the store does not answer") == 2


async def test_without_a_store_there_is_no_cache(clock: Clock) -> None:
    served = Served(None, clock)
    served.serve(CACHED)
    assert [told(await served.ask()) for _ in range(2)] == [{"status": "bypass"}] * 2
    assert (await served.ask(path=RUN)).status == 200
