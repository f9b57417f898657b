"""Running what is published at /v1, the history of it, and trying a draft on several models."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from promptstudio.access.principal import Role, Scope
from promptstudio.sse import SseDecoder
from promptstudio.workspaces.runs import KEPT_S
from promptstudio_functions.platform_app import PlatformApp
from tests.functions.platform import Platform, platform_in
from tests.unit.workspaces.desk import Desk, takes

DRAFT = takes("name: string", body="Greet {{name}}.")
TRIAL = "/api/prompts/greet/test"


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        await Desk(platform.world, platform.world.owner).create("greet", DRAFT)
        yield platform


@pytest.fixture
async def owner(platform: Platform) -> AsyncIterator[httpx2.AsyncClient]:
    async with await platform.member(platform.world.owner) as client:
        yield client


def events(answer: httpx2.Response) -> list[tuple[str | None, dict[str, Any]]]:
    return [(event.event, json.loads(event.data)) for event in SseDecoder().feed(answer.content)]


async def test_a_draft_is_tried_on_several_models_at_once(owner: httpx2.AsyncClient) -> None:
    body = {"variables": {"name": "Ada"}, "models": ["echo/echo", "echo/other", "openai/gpt-5.4-mini"]}
    answer = await owner.post(TRIAL, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    told = events(answer)
    assert told[-1] == ("end", {})
    done = {row["index"]: row["run"] for event, row in told if event == "done"}
    assert {index: run["model"] for index, run in done.items()} == {0: "echo/echo", 1: "echo/other"}
    assert all("Greet Ada." in run["output"]["text"] and run["version"] == 0 for run in done.values())
    (failed,) = [row for event, row in told if event == "error"]
    assert (failed["index"], failed["problem"]["code"]) == (2, "provider_error")


async def test_a_model_that_is_none_fails_alone(owner: httpx2.AsyncClient) -> None:
    body = {"variables": {"name": "Ada"}, "models": ["nowhere/x", "echo/echo"]}
    told = events(await owner.post(TRIAL, json=body))
    (failed,) = [row for event, row in told if event == "error"]
    assert failed["problem"]["errors"][0]["pointer"] == "/models/0"
    assert [row["index"] for event, row in told if event == "done"] == [1]


async def test_a_version_is_tried_by_its_number(platform: Platform, owner: httpx2.AsyncClient) -> None:
    desk = Desk(platform.world, platform.world.owner)
    await desk.publish("greet")
    await desk.save("greet", "Something else.")
    told = events(await owner.post(TRIAL, json={"variables": {"name": "Ada"}, "version": 1}))
    (run,) = [row["run"] for event, row in told if event == "done"]
    assert run["version"] == 1
    assert "Greet Ada." in run["output"]["text"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"variables": {}}, 422),
        ({"variables": {"name": 1}}, 422),
        ({"variables": {"name": "x"}, "version": 7}, 404),
        ({"variables": {"name": "x"}, "models": []}, 400),
        ({"variables": {"name": "x"}, "models": ["echo/echo"] * 9}, 400),
        ({"variables": {"name": "x"}, "stream": True}, 400),
        ({"variables": {"name": "x"}, "messages": [{"role": "system", "content": "x"}]}, 400),
    ],
)
async def test_a_trial_that_cannot_be_is_refused_before_any_model_is_asked(
    owner: httpx2.AsyncClient, body: dict[str, Any], status: int
) -> None:
    answer = await owner.post(TRIAL, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_draft_with_errors_says_them(platform: Platform, owner: httpx2.AsyncClient) -> None:
    await Desk(platform.world, platform.world.owner).save("greet", "{{#if")
    answer = await owner.post(TRIAL, json={"variables": {}})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/text"


async def test_what_was_tried_is_in_the_prompts_history_of_runs(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    for name in ("Ada", "Grace", "Edsger"):
        platform.world.clock.now += 1
        await owner.post(TRIAL, json={"variables": {"name": name}})
    first = (await owner.get("/api/prompts/greet/runs", params={"limit": 2})).json()
    rest = (await owner.get("/api/prompts/greet/runs", params={"cursor": first["next_cursor"]})).json()
    rows = [*first["items"], *rest["items"]]
    assert len(rows) == 3
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    assert {(row["outcome"], row["version"], row["model"]) for row in rows} == {("ok", 0, "echo/echo")}
    assert "Ada" not in json.dumps(rows)
    platform.world.clock.now += KEPT_S + 10
    async with await platform.member(platform.world.owner) as later:
        assert (await later.get("/api/prompts/greet/runs")).json() == {"items": []}


async def test_only_who_may_run_may_try(platform: Platform) -> None:
    body = {"variables": {"name": "Ada"}}
    async with await platform.member(await platform.world.join(Role.viewer)) as viewer:
        assert (await viewer.post(TRIAL, json=body)).status_code == 403
        assert (await viewer.get("/api/prompts/greet/runs")).status_code == 200
    async with await platform.key([Scope.read]) as key:
        assert (await key.post(TRIAL, json=body)).status_code == 403
    async with await platform.key([Scope.run]) as key:
        assert (await key.post(TRIAL, json=body)).status_code == 200
    assert (await platform.client().post(TRIAL, json=body)).status_code == 401


async def test_a_prompt_has_no_runs_of_an_earlier_one_of_its_name(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    desk = Desk(platform.world, platform.world.owner)
    body = {"variables": {"name": "Ada"}}
    await owner.post(TRIAL, json=body)
    await desk.delete("greet")
    platform.world.clock.now += 1
    await desk.create("greet", DRAFT)
    assert (await owner.get("/api/prompts/greet/runs")).json() == {"items": []}
    platform.world.clock.now += 1
    await owner.post(TRIAL, json=body)
    for limit in (1, 2):
        page = (await owner.get("/api/prompts/greet/runs", params={"limit": limit})).json()
        assert len(page["items"]) == 1
    last = (await owner.get("/api/prompts/greet/runs", params={"limit": 1})).json().get("next_cursor")
    rest = await owner.get("/api/prompts/greet/runs", params={"cursor": last})
    assert rest.json() == {"items": []}


async def test_what_a_caller_may_send_at_any_length_costs_no_answer(platform: Platform) -> None:
    desk = Desk(platform.world, platform.world.owner)
    await desk.publish("greet", "Hello")
    long = "x" * 400_000
    served = Platform(PlatformApp(platform.services), platform.services, platform.world)
    async with await served.key([Scope.run]) as key:
        run = await key.post("/v1/prompts/greet/run", json={"user": long})
        other = await key.post("/v1/responses", json={"prompt": {"id": "greet"}, "model": f"echo/{long}"})
    assert (run.status_code, other.status_code) == (200, 200)
    async with await platform.key([Scope.read]) as reader:
        rows = (await reader.get("/api/prompts/greet/runs")).json()["items"]
    assert {len(row["model"]) for row in rows} == {9, 256}
    assert [len(row["user"]) for row in rows if "user" in row] == [256]
