"""Drafts: saved under their own ETag, and told what is wrong with them without being refused."""

import asyncio

import pytest
from pydantic import ValidationError

from promptstudio.access.principal import Role
from promptstudio.platform_errors import PlatformError
from promptstudio.workspaces.drafts import DraftChange
from promptstudio.workspaces.texts import Finding, check_text
from tests.people import problem_of
from tests.unit.workspaces.desk import Desk, prompt, takes


async def test_a_draft_is_saved_under_its_etag(desk: Desk) -> None:
    await desk.create("greet", "one")
    first = await desk.draft("greet")
    saved = await desk.save("greet", "two", first.etag)
    assert saved == await desk.draft("greet")
    assert await problem_of(desk.save("greet", "three", first.etag)) == "stale"
    assert await problem_of(desk.save("greet", "three", None)) == "if_match_missing"
    assert (await desk.draft("greet")).value.text == "two"


async def test_of_many_who_saw_the_same_draft_one_saves(desk: Desk) -> None:
    await desk.create("greet", "start")
    etag = (await desk.draft("greet")).etag
    results = await asyncio.gather(
        *(problem_of(desk.save("greet", str(number), etag)) for number in range(20))
    )
    assert sorted(results) == ["", *["stale"] * 19]


async def test_the_same_text_again_is_no_change(desk: Desk) -> None:
    await desk.create("greet", "one")
    first = await desk.draft("greet")
    assert await desk.save("greet", "one", first.etag) == first


async def test_a_draft_of_an_unpublished_prompt_describes_it(desk: Desk) -> None:
    await desk.create("greet", prompt("description: old"))
    await desk.save("greet", prompt("description: new"))
    assert (await desk.prompt("greet")).value.description == "new"


async def test_a_draft_leaves_the_record_of_a_published_prompt_alone(desk: Desk) -> None:
    await desk.create("greet", prompt("description: old"))
    await desk.publish("greet")
    before = await desk.prompt("greet")
    await desk.save("greet", prompt("description: new"))
    assert await desk.prompt("greet") == before, "so that who moves labels is not held up by who writes"


async def test_a_draft_is_saved_while_a_label_moves(desk: Desk) -> None:
    await desk.create("greet")
    await desk.publish("greet")
    etag = (await desk.draft("greet")).etag
    calls = [desk.save("greet", "new", etag), *(desk.label("greet", f"l{number}", 1) for number in range(3))]
    assert await asyncio.gather(*(problem_of(call) for call in calls)) == ["", "", "", ""]


async def test_what_somebody_saves_in_one_sitting_is_one_entry(desk: Desk) -> None:
    await desk.create("greet")
    for number in range(3):
        await desk.save("greet", str(number))
        desk.world.clock.now += 100
    (what, details), *_ = await desk.happened("greet")
    assert (what, details["times"]) == ("draft_saved", 3)
    desk.world.clock.now += 600
    await desk.save("greet", "later")
    other = desk.of(await desk.world.join(Role.editor))
    await other.save("greet", "theirs")
    await other.publish("greet")
    await other.save("greet", "after")
    assert [what for what, _ in await desk.happened("greet")] == [
        "draft_saved",
        "published",
        *["draft_saved"] * 3,
        "created",
    ]


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("Hello {{#if", [(1, 7, "error")]),
        (prompt("model: nowhere/x"), [(2, 1, "error")]),
        (prompt("input: {schema: {a: nonsense}}"), [(2, 18, "error")]),
        ("---\nmodel: [\n---\n", [(3, 1, "error")]),
        (takes("a: string", body="{{b}}"), [(6, 3, "error")]),
        (prompt("surprise: 1"), [(2, 1, "warning")]),
        ("{{> missing}}", [(1, 1, "error")]),
        (prompt("name: other"), [(2, 1, "error")]),
        ("Hello", []),
    ],
)
async def test_a_draft_may_have_errors_and_is_told_them(
    desk: Desk, text: str, findings: list[tuple[int, int, str]]
) -> None:
    await desk.create("greet", "fine")
    await desk.save("greet", text)
    checked = await check_text(desk.store, desk.workspace, "greet", text, desk.now())
    assert [(each.line, each.column, each.severity) for each in checked.findings] == findings
    if any(severity == "error" for *_, severity in findings):
        with pytest.raises(PlatformError) as caught:
            await desk.publish("greet")
        assert [(error.pointer, error.message) for error in caught.value.errors] == [
            ("/text", f"line {each.line}, column {each.column}: {each.message}") for each in checked.findings
        ]


async def test_a_provider_is_missing_in_the_workspace_and_not_in_a_file(desk: Desk) -> None:
    text = prompt("model: nowhere/x")
    checked = await check_text(desk.store, desk.workspace, "greet", text, desk.now())
    message = "there is no provider nowhere: declare it among the providers of this workspace"
    assert checked.findings == (Finding(line=2, column=1, severity="error", message=message),)


async def test_what_is_wrong_with_a_partial_names_it(desk: Desk) -> None:
    await desk.partial("tone", "\n{{#if x}}")
    checked = await check_text(desk.store, desk.workspace, "greet", "{{> tone}}", desk.now())
    assert ("tone", 2) in [(each.partial, each.line) for each in checked.findings]


@pytest.mark.parametrize("text", ["\ud800", "a" * (256 * 1024 + 1), "é" * (128 * 1024 + 1), 5, None])
def test_what_is_no_text_of_256_kib_is_refused(text: object) -> None:
    with pytest.raises(ValidationError):
        DraftChange.model_validate({"text": text})


@pytest.mark.parametrize(
    "text", ["a" * 256 * 1024, "é" * 128 * 1024, "日本\n" * 30_000, "\U0001f600" * 65_536]
)
async def test_the_longest_texts_are_kept_and_published(desk: Desk, text: str) -> None:
    await desk.create("long", text)
    await desk.publish("long")
    assert (await desk.version("long", 1)).text == text


async def test_a_text_that_is_all_escapes_is_refused_by_name(desk: Desk) -> None:
    await desk.create("long", "start")
    assert await problem_of(desk.save("long", '"' * 256 * 1024)) == "item_too_large"
    assert (await desk.draft("long")).value.text == "start"
