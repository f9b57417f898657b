"""What callers may run of a workspace, and how soon they notice a change."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network

import pytest

from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.errors import AppError
from promptstudio.outbound import Guard
from promptstudio.providers.transport import Connections
from promptstudio.sealing import LocalKey, Sealer
from promptstudio.workspaces import catalog
from promptstudio.workspaces.catalog import FRESH_S, Catalogs
from promptstudio.workspaces.local_keys import LocalKeys
from promptstudio.workspaces.provider_changes import ProviderChange, delete_provider, put_provider
from promptstudio.workspaces.settings import WorkspaceChange, change_workspace
from promptstudio.workspaces.shares import set_share
from tests.people import workspace_in
from tests.unit.workspaces.desk import Desk, off_loop, prompt, takes

MODEL = "openai/gpt-5.4-mini"
GUARD = Guard((ip_network("127.0.0.0/8"),))
SEALER = Sealer(LocalKey(b"k" * 32))


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    opened = Connections(GUARD)
    yield opened
    await opened.close()


def catalogs(
    desk: Desk, connections: Connections, *, fresh_s: float = 0, local: LocalKeys | None = None
) -> Catalogs:
    return Catalogs(desk.store, SEALER, connections, desk.world.clock, fresh_s=fresh_s, local=local)


async def number(all_of: Catalogs, by: Principal, name: str = "greet", **wanted: object) -> int:
    """The number of the version that a run gets."""
    _, version = await all_of.of(by).resolve(name, **wanted)  # type: ignore[arg-type]
    return version.number


async def refusal(all_of: Catalogs, by: Principal, name: str = "greet", **wanted: object) -> str:
    with pytest.raises(AppError) as caught:
        await number(all_of, by, name, **wanted)
    return caught.value.problem


async def published(desk: Desk, *texts: str, name: str = "greet") -> None:
    await desk.create(name)
    for text in texts:
        await desk.publish(name, text, breaking=True)


async def test_a_run_gets_the_version_it_names(desk: Desk, connections: Connections) -> None:
    await published(desk, "one", "two", "three")
    await desk.label("greet", "staging", 2)
    all_of = catalogs(desk, connections)
    assert await number(all_of, desk.by) == 3
    assert await number(all_of, desk.by, version=1) == 1
    assert await number(all_of, desk.by, label="staging") == 2
    await desk.label("greet", "production", 1)
    assert await number(all_of, desk.by) == 1


async def test_what_is_not_there_is_said_to_be_not_there(desk: Desk, connections: Connections) -> None:
    await published(desk, "one")
    await desk.create("idea")
    all_of = catalogs(desk, connections)
    assert await refusal(all_of, desk.by, "nothing") == "prompt_unknown"
    assert await refusal(all_of, desk.by, version=2) == "version_unknown"
    assert await refusal(all_of, desk.by, version=0) == "version_unknown"
    assert await refusal(all_of, desk.by, label="x") == "label_unknown"
    assert await refusal(all_of, desk.by, "idea") == "not_published"


async def test_an_alias_runs_its_prompt(desk: Desk, connections: Connections) -> None:
    await published(desk, prompt("promptstudio.aliases: [pmpt_1]"))
    found, version = await catalogs(desk, connections).of(desk.by).resolve("pmpt_1")
    assert (found.name, version.number) == ("greet", 1)


async def test_a_moved_label_is_noticed_in_time(desk: Desk, connections: Connections) -> None:
    """The platform promises five seconds."""
    assert FRESH_S <= 5
    await published(desk, "one", "two")
    all_of = catalogs(desk, connections, fresh_s=FRESH_S)
    assert await number(all_of, desk.by) == 2
    await desk.label("greet", "production", 1)
    desk.world.clock.now += FRESH_S
    assert await number(all_of, desk.by) == 1


async def test_changed_settings_are_noticed_in_time(desk: Desk, connections: Connections) -> None:
    await published(desk, prompt(f"model: {MODEL}"))
    all_of = catalogs(desk, connections, fresh_s=FRESH_S)
    catalog = all_of.of(desk.by)
    await catalog.resolve("greet")
    before = catalog.price(MODEL)
    price = {MODEL: {"input": "7", "output": "8"}}
    change = WorkspaceChange.model_validate({"prices": price})
    await change_workspace(desk.store, desk.by, change, if_match="*", now=desk.now())
    desk.world.clock.now += FRESH_S
    later = all_of.of(desk.by)
    _, version = await later.resolve("greet")
    assert version.price == later.price(MODEL) != before
    assert later.price("echo/unheard-of") is None


async def test_another_workspaces_prompts_do_not_exist(desk: Desk, connections: Connections) -> None:
    await published(desk, "one")
    stranger = await workspace_in(desk.store, desk.world.clock)
    all_of = catalogs(desk, connections, fresh_s=FRESH_S)
    assert await number(all_of, desk.by) == 1
    assert await refusal(all_of, stranger) == "prompt_unknown"
    assert json.loads(await all_of.of(stranger).document("/v1/prompts")) == {"prompts": []}


async def test_a_key_runs_only_the_prompts_it_is_limited_to(desk: Desk, connections: Connections) -> None:
    await published(desk, "one")
    await published(desk, "one", name="other")
    limited = Principal(
        desk.workspace, "key_1", "ci", scopes=frozenset({Scope.run}), prompts=frozenset({"greet"})
    )
    all_of = catalogs(desk, connections)
    assert await number(all_of, limited) == 1
    assert await refusal(all_of, limited, "other") == "prompt_not_in_key"
    shown = json.loads(await all_of.of(limited).document("/v1/prompts"))
    assert [row["name"] for row in shown["prompts"]] == ["greet"]


async def test_a_guest_runs_what_was_shared_with_them(desk: Desk, connections: Connections) -> None:
    await published(desk, "one")
    await published(desk, "one", name="other")
    guest = await desk.world.join(Role.guest)
    await set_share(desk.store, desk.by, "greet", guest.id, "viewer", if_match=None, now=desk.now())
    all_of = catalogs(desk, connections)
    assert await refusal(all_of, guest) == "role_needed"
    await set_share(desk.store, desk.by, "greet", guest.id, "editor", if_match="*", now=desk.now())
    assert await number(all_of, guest) == 1
    assert await refusal(all_of, guest, "other") == "prompt_unknown"
    shown = json.loads(await all_of.of(guest).document("/v1/openapi.json"))
    assert "/v1/prompts/greet/run" in shown["paths"]
    assert "/v1/prompts/other/run" not in shown["paths"]


async def test_a_viewer_looks_and_runs_nothing(desk: Desk, connections: Connections) -> None:
    """A run costs the workspace money."""
    await published(desk, "one")
    viewer = await desk.world.join(Role.viewer)
    all_of = catalogs(desk, connections)
    assert await refusal(all_of, viewer) == "role_needed"
    assert await number(all_of, await desk.world.join(Role.editor)) == 1
    shown = json.loads(await all_of.of(viewer).document("/v1/prompts"))
    assert [row["name"] for row in shown["prompts"]] == ["greet"]


async def test_a_version_is_compiled_once_while_the_settings_stay(
    desk: Desk, connections: Connections
) -> None:
    await published(desk, "one")
    all_of = catalogs(desk, connections)
    _, first = await all_of.of(desk.by).resolve("greet")
    _, second = await all_of.of(desk.by).resolve("greet")
    assert first is second


async def test_a_draft_runs_as_version_0(desk: Desk, connections: Connections) -> None:
    await published(desk, "one")
    await desk.save("greet", takes("name: string", body="Draft {{name}}"))
    _, version = await catalogs(desk, connections).of(desk.by).draft("greet")
    assert version.number == 0
    assert "name" in json.dumps(version.schema)


async def test_on_ones_own_machine_the_environments_keys_serve(desk: Desk, connections: Connections) -> None:
    await published(desk, prompt(f"model: {MODEL}"))
    without = catalogs(desk, connections, local=LocalKeys({}))
    assert (await without.of(desk.by).resolve("greet"))[1].model == "echo/echo"
    keyed = catalogs(desk, connections, local=LocalKeys({"OPENAI_API_KEY": "sk-local"}))
    _, version = await keyed.of(desk.by).resolve("greet")
    assert version.model == MODEL
    local = LocalKeys({"OPENAI_API_KEY": " sk-local "})
    key = local.key(version.setup.provider)
    assert key is not None
    assert key.get_secret_value() == "sk-local"
    elsewhere = replace(version.setup.provider, base_url="https://elsewhere.example/v1")
    assert local.key(elsewhere) is None


@pytest.mark.parametrize("name", ["", "\0", "a" * 2000, "Grüße", "../greet"])
async def test_what_no_prompt_can_be_called_is_not_looked_for(
    desk: Desk, connections: Connections, name: str
) -> None:
    assert await refusal(catalogs(desk, connections), desk.by, name) == "prompt_unknown"


async def test_a_prompt_whose_provider_is_gone_hides_no_other(desk: Desk, connections: Connections) -> None:
    change = ProviderChange(type="openai-chat", base_url="http://127.0.0.1:9191/v1")
    await put_provider(desk.store, SEALER, GUARD, desk.by, "mine", change, if_match=None, now=desk.now())
    await published(desk, prompt("model: mine/x"))
    await published(desk, prompt("model: echo/echo"), name="other")
    await delete_provider(desk.store, desk.by, "mine", if_match="*")
    all_of = catalogs(desk, connections)
    assert await refusal(all_of, desk.by) == "version_unusable"
    listed = json.loads(await all_of.of(desk.by).document("/v1/prompts"))
    assert [row["name"] for row in listed["prompts"]] == ["other"]


async def test_a_version_is_compiled_beside_the_event_loop(
    desk: Desk, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = off_loop(monkeypatch, catalog, "version_document")
    await published(desk, "one")
    assert await number(catalogs(desk, connections), desk.by) == 1
    assert threads == [False]
