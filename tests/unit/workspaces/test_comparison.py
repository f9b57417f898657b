"""What differs between versions, and between them and the draft."""

import pytest

from promptstudio.workspaces import comparison
from promptstudio.workspaces.comparison import compare
from tests.people import problem_of
from tests.unit.workspaces.desk import Desk, off_loop, prompt


async def test_versions_and_the_draft_are_compared_with_their_partials(desk: Desk) -> None:
    await desk.partial("tone", "Be kind.")
    await desk.create("greet", prompt("config: {temperature: 0}", body="Hi {{> tone}}"))
    await desk.publish("greet")
    await desk.save("greet", prompt("config: {temperature: 1}", body="Hello {{> tone}}"))
    await desk.publish("greet")
    await desk.partial("tone", "Be brief.")
    found = await compare(desk.store, desk.workspace, "greet", 1, 2)
    assert [change.name for change in found.settings] == ["config.temperature"]
    assert [change.op for (change,) in found.text] == ["replace"]
    assert found.partials == ()
    against_draft = await compare(desk.store, desk.workspace, "greet", 2, "draft")
    assert [change.name for change in against_draft.partials] == ["tone"]
    assert against_draft.text == ()


async def test_what_is_compared_has_to_be_there(desk: Desk) -> None:
    await desk.create("greet")
    assert await problem_of(compare(desk.store, desk.workspace, "greet", 1, "draft")) == "not_found"
    assert await problem_of(compare(desk.store, desk.workspace, "other", "draft", "draft")) == "not_found"
    assert await problem_of(compare(desk.store, desk.workspace, "greet", "draft", "draft")) == ""


async def test_a_draft_that_brings_in_too_much_is_compared_without_it(desk: Desk) -> None:
    await desk.create("greet", "".join(f"{{{{> p{number}}}}}" for number in range(101)))
    found = await compare(desk.store, desk.workspace, "greet", "draft", "draft")
    assert found.partials == ()


async def test_long_texts_are_compared_beside_the_event_loop(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.create("greet")
    threads = off_loop(monkeypatch, comparison, "diff")
    await compare(desk.store, desk.workspace, "greet", "draft", "draft")
    assert threads == [False]
