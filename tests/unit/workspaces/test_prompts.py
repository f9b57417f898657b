"""Prompts by their names, folders and tags: made, found, changed and deleted."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.access.sharing import prompt_key, role_on_prompt
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.listings import read_cursor
from promptstudio.storage.port import ABSENT, Conflict, Delete, Put
from promptstudio.workspaces.prompt_changes import PromptOrder, finish_deletions
from promptstudio.workspaces.prompts import PromptSearch, list_prompts, prompt_put
from promptstudio.workspaces.shares import set_share
from tests.people import problem_of, workspace_in
from tests.unit.workspaces.desk import Desk, prompt


async def test_a_prompt_begins_with_its_draft_and_no_version(desk: Desk) -> None:
    text = prompt("description: Says hello", body="Hi {{name}}")
    made = await desk.create("greet", text, folder="support/replies", tags=("b", "a", "a"))
    assert made.value.public().model_dump(exclude_none=True, exclude={"id"}) == {
        "name": "greet",
        "folder": "support/replies",
        "tags": ("a", "b"),
        "description": "Says hello",
        "labels": {},
        "protected": (),
        "aliases": (),
        "latest": 0,
        "created_at": "2027-01-15T08:00:00.010Z",
        "created_by": {"id": desk.by.id, "name": desk.by.name},
        "updated_at": "2027-01-15T08:00:00.010Z",
        "updated_by": {"id": desk.by.id, "name": desk.by.name},
    }
    draft = await desk.draft("greet")
    assert (draft.value.text, draft.value.base) == (text, 0)
    assert await desk.happened("greet") == [("created", {"name": "greet"})]
    assert made == await desk.prompt("greet")


async def test_a_name_is_taken_once(desk: Desk) -> None:
    await desk.create("greet")
    assert await problem_of(desk.create("greet")) == "exists"
    calls = [problem_of(desk.create("other", str(number))) for number in range(8)]
    assert sorted(await asyncio.gather(*calls)) == ["", *["exists"] * 7]


async def test_the_same_name_in_another_workspace_is_another_prompt(desk: Desk) -> None:
    other = desk.of(await workspace_in(desk.store, desk.world.clock))
    mine, theirs = await desk.create("greet", "mine"), await other.create("greet", "theirs")
    assert mine.value.id != theirs.value.id
    assert (await desk.draft("greet")).value.text == "mine"
    await other.delete("greet")
    assert await desk.found() == ["greet"]
    assert await other.found() == []
    assert await problem_of(other.prompt("greet")) == "not_found"


async def test_who_creates_a_prompt_owns_it(desk: Desk) -> None:
    editor = await desk.world.join(Role.editor)
    await desk.of(editor).create("mine")
    assert await role_on_prompt(desk.store, editor, "mine") == Role.owner


async def test_a_limited_key_makes_only_its_prompts(desk: Desk) -> None:
    key = Principal(desk.workspace, "key_1", "ci", scopes=frozenset({Scope.write}), prompts=frozenset({"a"}))
    await desk.of(key).create("a")
    assert await problem_of(desk.of(key).create("b")) == "prompt_not_in_key"


async def test_folder_and_tags_change_under_the_etag(desk: Desk) -> None:
    made = await desk.create("greet", folder="a", tags=("x",))
    changed = await desk.change("greet", made.etag, folder="b/c")
    assert (changed.value.folder, changed.value.tags) == ("b/c", ("x",))
    assert await problem_of(desk.change("greet", made.etag, tags=())) == "stale"
    assert await problem_of(desk.change("greet", None, tags=())) == "if_match_missing"
    assert (await desk.happened("greet"))[0] == ("settings_changed", {"folder": "b/c"})


async def test_what_is_as_it_should_be_is_no_change(desk: Desk) -> None:
    made = await desk.create("greet", folder="a")
    assert (await desk.change("greet", made.etag, folder="a")) == made
    assert len(await desk.happened("greet")) == 1


async def test_only_admins_protect_labels(desk: Desk) -> None:
    await desk.create("greet")
    editor = desk.of(await desk.world.join(Role.editor))
    assert await problem_of(editor.change("greet", protected=("production",))) == "role_needed"
    assert (await desk.change("greet", protected=("production",))).value.protected == ("production",)


@pytest.mark.parametrize(
    "folder",
    ["/a", "a/", "a//b", "..", "a/../b", ".", ".git", "a/.hidden", "a\\b", "C:", "a\0b", "a\nb", "\u202ea",
     "a ", " a", "a.", "é" * 64, "a/" * 8 + "a", "/".join(["x" * 60] * 4), "e\u0301", "a*", "<a>"],
)  # fmt: skip
def test_folders_that_are_no_plain_paths_are_refused(folder: str) -> None:
    with pytest.raises(ValidationError):
        PromptOrder(name="a", folder=folder)


@pytest.mark.parametrize(
    "folder", ["", "a", "support/replies", "Über uns", "日本", "a.b", "__proto__", "x" * 63]
)
def test_folders_are_named_in_any_language(folder: str) -> None:
    assert PromptOrder(name="a", folder=folder).folder == folder


@pytest.mark.parametrize("name", ["", "A", "1a", "a_b", "a b", "../a", "a" * 64, "a\0", "__proto__", "é"])
def test_names_that_are_no_slugs_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        PromptOrder(name=name)


@pytest.mark.parametrize("tag", ["", " a", "a\n", "\u202ea", "x" * 41, "e\u0301"])
def test_tags_that_cannot_be_read_are_refused(tag: str) -> None:
    with pytest.raises(ValidationError):
        PromptOrder(name="a", tags=(tag,))


async def test_prompts_are_found_by_what_they_say(desk: Desk) -> None:
    await desk.create("translate", prompt("description: Übersetzt Texte", body="Translate {{text}}"))
    await desk.create("greet", "Say Hello to {{name}}", tags=("Kind",))
    assert await desk.found() == ["greet", "translate"]
    assert await desk.found(q="übersetzt") == ["translate"]
    assert await desk.found(q="HELLO name") == ["greet"]
    assert await desk.found(q="hello translate") == []
    assert await desk.found(q="kind") == ["greet"]
    assert await desk.found(q="greet") == ["greet"]
    await desk.save("greet", "Say Goodbye")
    assert (await desk.found(q="goodbye"), await desk.found(q="hello")) == (["greet"], [])


async def test_prompts_are_found_in_a_folder_and_below(desk: Desk) -> None:
    await desk.create("a", folder="x")
    await desk.create("b", folder="x/y", tags=("t",))
    await desk.create("c", folder="xy", tags=("t",))
    assert await desk.found(folder="x") == ["a", "b"]
    assert await desk.found(folder="x/") == ["a", "b"]
    assert await desk.found(tag="t") == ["b", "c"]
    assert await desk.found(tag="t", folder="x") == ["b"]


async def test_a_list_goes_on_where_its_cursor_says(desk: Desk) -> None:
    names = [f"p{number:02}" for number in range(7)]
    for name in names:
        await desk.create(name, tags=("odd",) if int(name[1:]) % 2 else ())
    for tag, expected in ((None, names), ("odd", names[1::2])):
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = await list_prompts(desk.store, desk.by, PromptSearch(tag=tag), cursor=cursor, limit=2)
            assert len(page.items) <= 2
            seen += [each.name for each in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == expected


async def many(desk: Desk) -> None:
    """The prompts p0000 to p1300."""
    record = (await desk.create("p0000")).value
    for first in range(1, 1300, 25):
        names = [f"p{number:04}" for number in range(first, first + 25)]
        records = [record.model_copy(update={"name": name}) for name in names]
        await desk.store.transact([prompt_put(desk.workspace, each, ABSENT) for each in records])


async def test_no_cursor_names_a_prompt_that_its_reader_may_not_see(desk: Desk) -> None:
    await many(desk)
    key = Principal(
        desk.workspace, "key_1", "ci", scopes=frozenset({Scope.read}), prompts=frozenset({"p1200", "p1201"})
    )
    first = await list_prompts(desk.store, key, PromptSearch(), limit=1)
    assert [each.name for each in first.items] == ["p1200"]
    assert first.next_cursor is not None
    assert read_cursor(first.next_cursor, "") == "p1200"
    rest = await list_prompts(desk.store, key, PromptSearch(), cursor=first.next_cursor)
    assert ([each.name for each in rest.items], rest.next_cursor) == (["p1201"], None)


async def test_a_search_looks_through_a_bounded_number_at_once(desk: Desk) -> None:
    await many(desk)
    page = await list_prompts(desk.store, desk.by, PromptSearch(q="p1299"))
    assert (page.items, page.next_cursor is None) == ([], False)
    page = await list_prompts(desk.store, desk.by, PromptSearch(q="p1299"), cursor=page.next_cursor)
    assert [each.name for each in page.items] == ["p1299"]


async def test_guests_see_what_is_shared_with_them_and_keys_what_they_are_limited_to(desk: Desk) -> None:
    for name in ("a", "b", "c"):
        await desk.create(name)
    guest = await desk.world.join(Role.guest)
    assert await desk.of(guest).found() == []
    await set_share(desk.store, desk.by, "b", guest.id, "viewer", if_match=None, now=desk.now())
    assert await desk.of(guest).found() == ["b"]
    key = Principal(desk.workspace, "key_1", "ci", scopes=frozenset({Scope.read}))
    assert await desk.of(key).found() == ["a", "b", "c"]
    assert await desk.of(replace(key, prompts=frozenset({"c", "x"}))).found() == ["c"]


async def test_a_deleted_prompt_leaves_nothing(desk: Desk) -> None:
    made = await desk.create("greet", prompt("promptstudio.aliases: [hi]"))
    await desk.publish("greet", labels=("production",))
    for number in range(30):
        await desk.publish("greet", prompt("promptstudio.aliases: [hi]", body=str(number)))
    guest = await desk.world.join(Role.guest)
    await set_share(desk.store, desk.by, "greet", guest.id, "viewer", if_match=None, now=desk.now())
    assert await problem_of(desk.delete("greet", made.etag)) == "stale"
    await desk.delete("greet", (await desk.prompt("greet")).etag)
    assert await desk.items(prompt_key(desk.workspace, made.value.id)) == []
    for partition in ("prompts", "aliases", "deletions", f"shared#{guest.id}", f"shared#{desk.by.id}"):
        assert await desk.items(f"{desk.workspace}#{partition}") == []
    for call in (desk.prompt("greet"), desk.draft("greet"), desk.save("greet", "x"), desk.publish("greet")):
        assert await problem_of(call) == "not_found"
    assert await problem_of(desk.delete("greet")) == "not_found"
    assert (await desk.create("greet")).value.id != made.value.id


class CutOffError(Exception):
    """The process ends here."""


async def test_a_deletion_that_was_cut_off_is_finished_by_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for reach in range(1, 6):
        made = await desk.create("greet")
        for number in range(30):
            await desk.publish("greet", str(number))
        transact, calls = type(desk.store).transact, 0

        async def cut(store: object, *args: object, _reach: int = reach, **options: object) -> object:
            nonlocal calls
            calls += 1
            if calls > _reach:
                raise CutOffError
            return await transact(store, *args, **options)  # type: ignore[arg-type]  # noqa: B023

        with monkeypatch.context() as patch:
            patch.setattr(type(desk.store), "transact", cut)
            with pytest.raises(CutOffError):
                await desk.delete("greet")
        assert await problem_of(desk.prompt("greet")) == "not_found"
        await desk.delete("greet", None if reach % 2 else "*")
        assert await desk.items(prompt_key(desk.workspace, made.value.id)) == []
        assert await desk.items(f"{desk.workspace}#deletions") == []


async def test_what_is_being_deleted_does_not_harm_a_new_prompt_of_the_name(desk: Desk) -> None:
    old = await desk.create("greet", "old")
    await desk.store.transact(
        [Put(f"{desk.workspace}#deletions", old.value.id, {"name": "greet", "at": "x"})]
    )
    await desk.store.transact([Delete(f"{desk.workspace}#prompts", "greet")])
    await desk.create("greet", "new")
    await finish_deletions(desk.store, desk.workspace)
    assert (await desk.draft("greet")).value.text == "new"
    assert await desk.items(prompt_key(desk.workspace, old.value.id)) == []


async def test_an_old_etag_says_nothing_of_a_prompt_made_anew(desk: Desk) -> None:
    old = await desk.create("greet")
    draft = await desk.draft("greet")
    await desk.delete("greet")
    await desk.create("greet")
    assert await problem_of(desk.change("greet", old.etag, folder="a")) == "stale"
    assert await problem_of(desk.save("greet", "x", draft.etag)) == "stale"
    assert await problem_of(desk.delete("greet", old.etag)) == "stale"


async def test_writers_that_do_not_stop_make_a_change_stale(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.create("greet")

    async def refuse(*args: object, **options: object) -> None:
        raise Conflict(0)

    monkeypatch.setattr(type(desk.store), "transact", refuse)
    assert await problem_of(desk.change("greet", folder="a")) == "stale"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=300), q=st.text(max_size=30))
async def test_any_text_and_any_search_do(desk: Desk, text: str, q: str) -> None:
    try:
        await desk.create("any", text)
    except PlatformError as error:
        assert error.problem == "exists"  # noqa: PT017
        await desk.save("any", text)
    assert (await desk.draft("any")).value.text == text
    await desk.found(q=q)
