"""A workspace's settings: under one ETag with its name, and what prompts are compiled with."""

import asyncio
from typing import Any

import pytest

from promptstudio.access.members import workspace_key
from promptstudio.access.principal import Role
from promptstudio.ids import new_id
from promptstudio.platform_errors import PlatformError
from promptstudio.providers.cost import Price
from promptstudio.storage.port import Put
from promptstudio.storage.records import Stored, data
from promptstudio.workspaces.providers import WorkspaceProvider, providers_key
from promptstudio.workspaces.settings import (
    WorkspaceAnswer,
    WorkspaceChange,
    change_workspace,
    get_workspace,
    project_settings,
)
from tests.people import problem_of
from tests.unit.workspaces.desk import Desk


async def change(desk: Desk, if_match: str | None = "*", **members: Any) -> Stored[WorkspaceAnswer]:
    body = WorkspaceChange(**members)
    return await change_workspace(desk.store, desk.by, body, if_match=if_match, now=desk.now())


async def declare(desk: Desk, name: str) -> None:
    provider = WorkspaceProvider(
        id=new_id("prv"),
        name=name,
        type="openai-chat",
        base_url="https://api.acme.example/v1",
        headers={"x-team": "a"},
        timeout_s=20,
        updated_at="2027-01-15T08:00:00.000Z",
        updated_by="acc_1",
    )
    await desk.store.transact([Put(providers_key(desk.workspace), name, data(provider))])


async def test_a_workspace_begins_with_what_is_usual(desk: Desk) -> None:
    found = await get_workspace(desk.store, desk.workspace)
    assert found.value.model_dump(exclude={"created_at"}) == {
        "id": desk.workspace,
        "name": "Acme",
        "model": "echo/echo",
        "prices": {},
    }


async def test_a_workspace_changes_under_its_etag(desk: Desk) -> None:
    seen = await get_workspace(desk.store, desk.workspace)
    changed = await change(desk, seen.etag, name="Acme Ltd", model="openai/gpt-5.4-mini")
    assert changed == await get_workspace(desk.store, desk.workspace)
    assert (changed.value.name, changed.value.model) == ("Acme Ltd", "openai/gpt-5.4-mini")
    assert changed.value.updated_by is not None
    assert await problem_of(change(desk, seen.etag, name="x")) == "stale"
    assert await problem_of(change(desk, None, name="x")) == "if_match_missing"
    again = await change(desk, changed.etag, name="Acme")
    assert (again.value.name, again.value.model) == ("Acme", "openai/gpt-5.4-mini")


@pytest.mark.parametrize("first", [{}, {"model": "openai/gpt-5.4-mini"}])
async def test_a_new_name_leaves_the_settings_as_they_are_and_guards_them(
    desk: Desk, first: dict[str, str]
) -> None:
    if first:
        await change(desk, **first)
    kept = await desk.store.get(workspace_key(desk.workspace), "settings")
    seen = await get_workspace(desk.store, desk.workspace)
    renamed = await change(desk, seen.etag, name="Acme Ltd", model=seen.value.model, prices={})
    assert renamed == await get_workspace(desk.store, desk.workspace)
    assert renamed.etag != seen.etag
    assert await desk.store.get(workspace_key(desk.workspace), "settings") == kept
    both = [change(desk, renamed.etag, name="x"), change(desk, renamed.etag, model="anthropic/claude-haiku")]
    assert sorted(await asyncio.gather(*map(problem_of, both))) == ["", "stale"]


async def test_of_many_who_saw_the_same_one_changes_it(desk: Desk) -> None:
    etag = (await get_workspace(desk.store, desk.workspace)).etag
    calls = [problem_of(change(desk, etag, name=f"n{number}")) for number in range(20)]
    assert sorted(await asyncio.gather(*calls)) == ["", *["stale"] * 19]


async def test_prices_are_those_of_promptstudio_toml(desk: Desk) -> None:
    await change(desk, prices={"acme/big": {"input": "0.75", "output": "4.5", "cached": "0.075"}})
    settings = await project_settings(desk.store, desk.workspace)
    assert settings.prices == {"acme/big": Price(750_000, 4_500_000, 75_000, 750_000)}
    await change(desk, prices={})
    assert (await project_settings(desk.store, desk.workspace)).prices == {}


@pytest.mark.parametrize("dollars", ["", "free", "-1", "1e99", "NaN", "Infinity", "0.0000001"])
async def test_what_is_no_price_is_refused(desk: Desk, dollars: str) -> None:
    with pytest.raises(PlatformError) as caught:
        await change(desk, prices={"acme/a": {"input": dollars, "output": "1"}})
    assert caught.value.errors[0].pointer == "/prices/acme~1a/input"


async def test_the_default_model_is_one_of_a_provider_that_there_is(desk: Desk) -> None:
    with pytest.raises(PlatformError) as caught:
        await change(desk, model="acme/big")
    assert repr(caught.value.errors[0]) == "/model: there is no provider acme here"
    await declare(desk, "acme")
    assert (await change(desk, model="acme/big")).value.model == "acme/big"


async def test_prompts_are_compiled_with_the_providers_of_the_workspace(desk: Desk) -> None:
    await declare(desk, "acme")
    settings = await project_settings(desk.store, desk.workspace)
    assert settings.providers["acme"].headers == {"x-team": "a"}
    assert {provider.api_key_env for provider in settings.providers.values()} == {None}
    assert set(settings.providers) == {"openai", "anthropic", "groq", "echo", "acme"}


async def test_a_member_of_no_workspace_finds_none(desk: Desk) -> None:
    assert await problem_of(get_workspace(desk.store, "ws_other")) == "not_found"
    assert (await desk.world.join(Role.viewer)).workspace == desk.workspace
