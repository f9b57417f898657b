"""Labels: they move under the prompt's ETag, and back again."""

import asyncio

import pytest

from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.workspaces.labels import LABELS_MAX, MOVES_KEPT
from tests.people import problem_of
from tests.unit.workspaces.desk import Desk


@pytest.fixture
async def published(desk: Desk) -> Desk:
    """A prompt `greet` with three versions."""
    await desk.create("greet")
    for number in range(3):
        await desk.publish("greet", str(number))
    return desk


async def labels(desk: Desk) -> dict[str, int]:
    return (await desk.prompt("greet")).value.labels


async def test_a_label_moves(published: Desk) -> None:
    await published.label("greet", "production", 1)
    moved = await published.label("greet", "production", 3)
    assert moved == await published.prompt("greet")
    assert await labels(published) == {"production": 3}
    assert (await published.happened("greet"))[:2] == [
        ("label_moved", {"label": "production", "from": 1, "to": 3}),
        ("label_moved", {"label": "production", "to": 1}),
    ]


async def test_a_label_moves_under_the_etag_of_the_prompt(published: Desk) -> None:
    seen = await published.prompt("greet")
    await published.label("greet", "staging", 1, seen.etag)
    assert await problem_of(published.label("greet", "staging", 2, seen.etag)) == "stale"
    assert await problem_of(published.label("greet", "staging", 2, None)) == "if_match_missing"
    assert await problem_of(published.roll_back("greet", "staging", seen.etag)) == "stale"
    assert await problem_of(published.unlabel("greet", "staging", seen.etag)) == "stale"
    assert await labels(published) == {"staging": 1}


async def test_of_many_who_move_a_label_at_once_one_does(published: Desk) -> None:
    etag = (await published.prompt("greet")).etag
    calls = [problem_of(published.label("greet", "production", 1 + each % 3, etag)) for each in range(20)]
    assert sorted(await asyncio.gather(*calls)) == ["", *["stale"] * 19]


async def test_a_label_that_is_there_already_is_no_move(published: Desk) -> None:
    moved = await published.label("greet", "production", 2)
    assert await published.label("greet", "production", 2, moved.etag) == moved


@pytest.mark.parametrize("number", [0, -1, 4, 10**12])
async def test_a_label_points_to_versions_that_there_are(published: Desk, number: int) -> None:
    assert await problem_of(published.label("greet", "production", number)) == "not_found"


async def test_a_label_rolls_back_step_by_step(published: Desk) -> None:
    for number in (1, 3, 2):
        await published.label("greet", "production", number)
    await published.roll_back("greet", "production")
    assert await labels(published) == {"production": 3}
    await published.roll_back("greet", "production")
    assert await labels(published) == {"production": 1}
    assert await problem_of(published.roll_back("greet", "production")) == "label_not_moved"
    assert (await published.happened("greet"))[0] == (
        "label_rolled_back",
        {"label": "production", "from": 3, "to": 1},
    )


async def test_a_move_with_a_version_rolls_back_too(published: Desk) -> None:
    await published.label("greet", "production", 2)
    await published.publish("greet", "new", labels=("production",))
    await published.roll_back("greet", "production")
    assert await labels(published) == {"production": 2}


async def test_the_last_moves_are_kept(published: Desk) -> None:
    for number in range(MOVES_KEPT + 6):
        await published.label("greet", "production", 1 + number % 2)
    for _ in range(MOVES_KEPT):
        await published.roll_back("greet", "production")
    assert await problem_of(published.roll_back("greet", "production")) == "label_not_moved"


async def test_a_label_that_is_deleted_has_no_past(published: Desk) -> None:
    await published.label("greet", "production", 1)
    await published.label("greet", "production", 2)
    await published.unlabel("greet", "production")
    assert await labels(published) == {}
    for call in (published.unlabel("greet", "production"), published.roll_back("greet", "production")):
        assert await problem_of(call) == "not_found"
    await published.label("greet", "production", 3)
    assert await problem_of(published.roll_back("greet", "production")) == "label_not_moved"


async def test_protected_labels_are_moved_by_admins_alone(published: Desk) -> None:
    await published.label("greet", "production", 1)
    await published.label("greet", "production", 2)
    await published.change("greet", protected=("production",))
    editor = published.of(await published.world.join(Role.editor))
    writer = published.of(Principal(published.workspace, "key_1", "ci", scopes=frozenset({Scope.write})))
    for desk in (editor, writer):
        assert await problem_of(desk.label("greet", "production", 3)) == "role_needed"
        assert await problem_of(desk.roll_back("greet", "production")) == "role_needed"
        assert await problem_of(desk.unlabel("greet", "production")) == "role_needed"
        await desk.label("greet", "staging", 1)
    admin_key = Principal(published.workspace, "key_2", "cd", scopes=frozenset({Scope.admin}))
    await published.of(admin_key).label("greet", "production", 3)
    assert await labels(published) == {"production": 3, "staging": 1}


async def test_a_prompt_has_a_bounded_number_of_labels(published: Desk) -> None:
    for number in range(LABELS_MAX):
        await published.label("greet", f"l{number}", 1)
    assert await problem_of(published.label("greet", "more", 1)) == "labels_full"
    await published.label("greet", "l0", 2)


async def test_keys_of_the_prototype_are_labels_as_others(published: Desk) -> None:
    await published.label("greet", "constructor", 1)
    assert await labels(published) == {"constructor": 1}
    assert await problem_of(published.roll_back("greet", "hasownproperty")) == "not_found"
