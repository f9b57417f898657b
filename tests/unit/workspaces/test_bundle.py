"""Versions and drafts made ready to run."""

from dataclasses import replace

import pytest

from promptstudio.messages import Text
from promptstudio.platform_errors import PlatformError
from promptstudio.prompts.bundle import Version
from promptstudio.values import Json
from promptstudio.workspaces.bundle import draft_document, load_version, version_document
from promptstudio.workspaces.settings import WorkspaceChange, change_workspace, project_settings
from promptstudio.workspaces.texts import check_text
from tests.people import problem_of
from tests.unit.workspaces.desk import Desk, prompt, takes


async def ready(desk: Desk, name: str, number: int) -> Version:
    settings = await project_settings(desk.store, desk.workspace)
    return load_version(version_document(name, await desk.version(name, number), settings))


async def drafted(desk: Desk, text: str) -> Version:
    settings = await project_settings(desk.store, desk.workspace)
    checked = await check_text(desk.store, desk.workspace, "greet", text, desk.now())
    return load_version(draft_document("greet", text, checked, settings))


def rendered(version: Version, **variables: Json) -> str:
    (message,) = version.renderer.render(variables)
    return "".join(part.text for part in message.content if isinstance(part, Text))


async def test_a_version_runs_with_the_partials_and_model_it_was_published_with(desk: Desk) -> None:
    await desk.partial("tone", "Be kind.")
    await desk.create("greet", takes("name: string", body="{{> tone}} Greet {{name}}."))
    await desk.publish("greet")
    await desk.partial("tone", "Be brief.")
    change = WorkspaceChange(model="openai/gpt-5.4-mini")
    await change_workspace(desk.store, desk.by, change, if_match="*", now=desk.now())
    await desk.publish("greet")
    old, new = await ready(desk, "greet", 1), await ready(desk, "greet", 2)
    assert (old.number, old.model, rendered(old, name="Ada")) == (1, "echo/echo", "Be kind. Greet Ada.")
    assert (new.number, new.model, rendered(new, name="Ada")) == (
        2,
        "openai/gpt-5.4-mini",
        "Be brief. Greet Ada.",
    )


async def test_a_version_has_the_number_of_the_workspace(desk: Desk) -> None:
    await desk.create("greet", prompt("version: 9", "name: greet"))
    await desk.publish("greet")
    assert (await ready(desk, "greet", 1)).number == 1


async def test_a_version_runs_at_the_providers_that_there_are_now(desk: Desk) -> None:
    await desk.create("greet", prompt("model: openai/gpt-5.4-mini"))
    await desk.publish("greet")
    settings = await project_settings(desk.store, desk.workspace)
    moved = replace(settings.providers["openai"], base_url="https://proxy.example/v1")
    version = await desk.version("greet", 1)
    elsewhere = replace(settings, providers={**settings.providers, "openai": moved})
    assert load_version(version_document("greet", version, elsewhere)).setup.provider == moved
    with pytest.raises(PlatformError) as caught:
        version_document("greet", version, replace(settings, providers={}))
    assert caught.value.detail == (
        "Version 1 cannot run here any more: there is no provider openai: "
        "declare it among the providers of this workspace."
    )


async def test_a_draft_is_version_0(desk: Desk) -> None:
    draft = await drafted(desk, "Hello {{name}}")
    assert (draft.number, rendered(draft, name="{{x}}")) == (0, "Hello {{x}}")


async def test_a_draft_with_errors_does_not_run(desk: Desk) -> None:
    assert await problem_of(drafted(desk, "{{#if")) == "fields_invalid"


async def test_echo_answers_for_a_provider_whose_key_is_missing_if_that_is_wished(desk: Desk) -> None:
    await desk.create("greet", prompt("model: openai/gpt-5.4-mini"))
    await desk.publish("greet")
    settings = await project_settings(desk.store, desk.workspace)
    keyed = replace(settings.providers["openai"], api_key_env="KEY")
    settings = replace(settings, providers={**settings.providers, "openai": keyed})
    version = await desk.version("greet", 1)
    for there, model in (({"KEY"}, "openai/gpt-5.4-mini"), (set[str](), "echo/echo")):
        document = version_document("greet", version, settings, there.__contains__)
        assert load_version(document).model == model


async def test_every_published_version_can_be_made_ready(desk: Desk) -> None:
    await desk.create("greet")
    for number in range(5):
        await desk.publish("greet", f"text {number}")
    assert [rendered(await ready(desk, "greet", number)) for number in range(1, 6)] == [
        f"text {number}" for number in range(5)
    ]
    assert await problem_of(desk.version("greet", 6)) == "not_found"
