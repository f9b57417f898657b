"""Partials of a workspace: made once, changed under their ETag."""

import asyncio

import pytest
from pydantic import TypeAdapter, ValidationError

from promptstudio.access.principal import Principal, Scope
from promptstudio.workspaces.given import PartialName
from promptstudio.workspaces.partials import delete_partial, get_partial, list_partials
from tests.people import problem_of, workspace_in
from tests.unit.workspaces.desk import Desk


async def test_a_partial_is_made_and_changed_under_its_etag(desk: Desk) -> None:
    made = await desk.partial("tone", "kind", None)
    assert await get_partial(desk.store, desk.workspace, "tone") == made
    changed = await desk.partial("tone", "brief", made.etag)
    assert (changed.value.id, changed.value.text) == (made.value.id, "brief")
    assert await problem_of(desk.partial("tone", "late", made.etag)) == "stale"
    assert await problem_of(desk.partial("tone", "blind", None)) == "if_match_missing"


async def test_what_is_changed_has_to_be_there(desk: Desk) -> None:
    assert await problem_of(desk.partial("tone", "kind", '"prt_1.1"')) == "stale"
    assert await problem_of(get_partial(desk.store, desk.workspace, "tone")) == "not_found"


async def test_of_many_who_make_a_partial_one_does(desk: Desk) -> None:
    calls = [problem_of(desk.partial("tone", str(number), None)) for number in range(8)]
    results = await asyncio.gather(*calls)
    assert results.count("") == 1
    assert set(results) <= {"", "exists", "if_match_missing"}


async def test_a_partial_is_deleted_under_its_etag(desk: Desk) -> None:
    made = await desk.partial("tone", "kind")
    other = await desk.partial("tone", "brief")
    for if_match, problem in ((made.etag, "stale"), (None, "if_match_missing"), (other.etag, "")):
        call = delete_partial(desk.store, desk.by, "tone", if_match=if_match)
        assert await problem_of(call) == problem
    assert await problem_of(delete_partial(desk.store, desk.by, "tone", if_match="*")) == "not_found"
    anew = await desk.partial("tone", "kind")
    assert await problem_of(desk.partial("tone", "x", made.etag)) == "stale", "it is another partial"
    assert anew.value.id != made.value.id


async def test_partials_are_listed_by_name_without_their_texts(desk: Desk) -> None:
    for name in ("b", "A", "c"):
        await desk.partial(name, name)
    page = await list_partials(desk.store, desk.workspace, limit=2)
    assert [row.name for row in page.items] == ["A", "b"]
    rest = await list_partials(desk.store, desk.workspace, cursor=page.next_cursor)
    assert [row.name for row in rest.items] == ["c"]
    assert not hasattr(rest.items[0], "text")


async def test_a_key_of_some_prompts_leaves_partials_alone(desk: Desk) -> None:
    key = Principal(desk.workspace, "key_1", "ci", scopes=frozenset({Scope.write}), prompts=frozenset({"a"}))
    made = await desk.partial("tone", "kind")
    assert await problem_of(desk.of(key).partial("tone", "x", made.etag)) == "key_limited"
    assert await problem_of(delete_partial(desk.store, key, "tone", if_match="*")) == "key_limited"


async def test_workspaces_have_partials_of_their_own(desk: Desk) -> None:
    other = desk.of(await workspace_in(desk.store, desk.world.clock))
    await desk.partial("tone", "mine")
    assert await problem_of(get_partial(desk.store, other.workspace, "tone")) == "not_found"
    await other.create("greet", "{{> tone}}")
    assert await problem_of(other.publish("greet")) == "fields_invalid"


@pytest.mark.parametrize("name", ["", "_tone", "../tone", "a/b", ".hidden", "a b", "a\0", "é", "x" * 64])
def test_names_that_no_file_should_have_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(PartialName).validate_python(name)
