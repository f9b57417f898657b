"""The exact-match cache: which questions are the same, and for how long their answer is there."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from promptstudio.cache.exact import exact_key, find, keep
from promptstudio.endpoint.run import render
from promptstudio.errors import BOUNDS
from promptstudio.prompts.bundle import Version, load_bundle
from promptstudio.providers.base import Call, OutputFormat, ProviderRequest, Usage
from promptstudio.providers.catalog import ADAPTERS
from promptstudio.storage.sqlite import SqliteStore
from tests.unit.endpoint.asgi import GREET, bundle

NOW = 1_800_000_000.25
USAGE = Usage(12, 3, 4, 5)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "store.db", now=lambda: NOW)
    yield store
    await store.close()


def version_of(text: str = GREET) -> Version:
    _, version = load_bundle(bundle({"greet": text})).resolve("greet")
    return version


def request(version: Version, name: str = "Ada", *, stream: bool = False) -> ProviderRequest:
    messages = render(version, {"name": name}, "/variables")
    return ADAPTERS[version.api].adapter.build_request(Call(version.setup, messages, stream))


async def test_an_answer_is_there_until_its_time_is_over(store: SqliteStore, tmp_path: Path) -> None:
    await keep(store, "ws", "key", "Hello!", USAGE, 60, NOW)
    for later, age_s in ((0, 0), (0.74, 0), (1.5, 1), (59.7, 59)):
        hit = await find(store, "ws", "key", NOW + later)
        assert hit is not None
        assert (hit.answer.text, hit.answer.finish_reason, hit.answer.usage) == ("Hello!", "stop", USAGE)
        assert hit.age_s == age_s
    other = SqliteStore(tmp_path / "store.db", now=lambda: NOW + 60)
    assert await find(other, "ws", "key", NOW + 60) is None
    await other.close()


async def test_a_clock_that_is_behind_makes_no_answer_younger_than_new(store: SqliteStore) -> None:
    await keep(store, "ws", "key", "Hello!", USAGE, 60, NOW)
    hit = await find(store, "ws", "key", NOW - 30)
    assert hit is not None
    assert hit.age_s == 0


async def test_a_newer_answer_takes_the_place_of_an_older_one(store: SqliteStore) -> None:
    await keep(store, "ws", "key", "old", USAGE, 60, NOW - 30)
    await keep(store, "ws", "key", "new", USAGE, 60, NOW)
    hit = await find(store, "ws", "key", NOW)
    assert hit is not None
    assert (hit.answer.text, hit.age_s) == ("new", 0)


async def test_spaces_share_nothing(store: SqliteStore) -> None:
    await keep(store, "ws", "key", "Hello!", USAGE, 60, NOW)
    assert await find(store, "other", "key", NOW) is None
    assert await find(store, "ws", "other", NOW) is None


async def test_an_answer_that_is_too_long_is_not_cached(store: SqliteStore) -> None:
    bound = BOUNDS["kept_answer_bytes"]
    for character in ("a", "é", '"', "\U0001f600"):
        await keep(store, "ws", character, character * bound, USAGE, 60, NOW)
        assert await find(store, "ws", character, NOW) is None
    await keep(store, "ws", "key", "a" * (bound - 100), USAGE, 60, NOW)
    assert await find(store, "ws", "key", NOW) is not None


def test_the_same_question_has_one_key() -> None:
    version = version_of()
    key = exact_key("greet", version, request(version))
    assert len(key) == 64
    assert key == exact_key("greet", version_of(), request(version_of()))


def test_the_order_of_a_requests_members_does_not_matter() -> None:
    version = version_of()
    one, other = (ProviderRequest("/x", {}, body) for body in (b'{"a":1,"b":[2]}', b'{"b":[2.0],"a":1}'))
    assert exact_key("greet", version, one) == exact_key("greet", version, other)


Change = Callable[[Version, ProviderRequest], tuple[Version, ProviderRequest]]


def of_setup(**changes: Any) -> Change:
    return lambda version, asked: (replace(version, setup=replace(version.setup, **changes)), asked)


@pytest.mark.parametrize(
    "change",
    [
        lambda version, asked: (replace(version, number=2), asked),
        lambda version, asked: (replace(version, source="sha256:other"), asked),
        lambda version, asked: (replace(version, model="openai/other"), asked),
        lambda version, asked: (version, request(version, "Bob")),
        lambda version, asked: (version, replace(asked, path="/chat/completions")),
        lambda version, asked: (version, request(version, stream=True)),
        of_setup(output=OutputFormat("json")),
        lambda version, asked: of_setup(
            provider=replace(version.setup.provider, base_url="https://elsewhere.example")
        )(version, asked),
    ],
)
def test_whatever_could_change_the_answer_changes_the_key(change: Change) -> None:
    version = version_of()
    changed, asked = change(version, request(version))
    assert exact_key("greet", changed, asked) != exact_key("greet", version, request(version))
    assert exact_key("other", version, request(version)) != exact_key("greet", version, request(version))
