"""The endpoint of a generated Python project, from its bundle's file and its environment."""

from pathlib import Path

import pytest

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.keys import KeysError, create, print_records
from promptstudio.settings import SettingsError
from promptstudio.storage.sqlite import SqliteStore
from promptstudio.target import open_target
from promptstudio.values import dumps
from tests.unit.endpoint.asgi import Answer, Client, ask, bundle

ECHO = {"greet": "---\nmodel: echo/echo\n---\nHello."}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.json"
    path.write_text(dumps(bundle(ECHO)), encoding="utf-8")
    return path


async def run(endpoint: Endpoint, key: str, *more: tuple[bytes, bytes]) -> Answer:
    headers = [(b"authorization", b"Bearer " + key.encode()), (b"content-type", b"application/json"), *more]
    return await ask(endpoint, Client("/v1/prompts/greet/run", {"variables": {}}, headers=headers))


@pytest.fixture
def limited(tmp_path: Path) -> Path:
    path = tmp_path / "limited.json"
    text = ECHO["greet"].replace("model:", "promptstudio.limits: [{requests: 1, per: day}]\nmodel:")
    path.write_text(dumps(bundle({"greet": text})), encoding="utf-8")
    return path


async def test_holders_of_a_key_are_let_in(file: Path) -> None:
    made = create("test")
    endpoint = open_target(file, {"PROMPTSTUDIO_KEYS": print_records([made.record])}).endpoint
    assert (await run(endpoint, made.key)).status == 200
    assert (await run(endpoint, create("other").key)).status == 401


@pytest.mark.parametrize("environ", [{}, {"PROMPTSTUDIO_KEYS": ""}, {"PROMPTSTUDIO_KEYS": " \n"}])
async def test_without_keys_nobody_is_let_in(file: Path, environ: dict[str, str]) -> None:
    assert (await run(open_target(file, environ).endpoint, create("test").key)).status == 401


def test_an_environment_that_is_wrong_is_refused_at_the_start(file: Path) -> None:
    with pytest.raises(KeysError):
        open_target(file, {"PROMPTSTUDIO_KEYS": "secret"})
    with pytest.raises(SettingsError):
        open_target(file, {"PROMPTSTUDIO_BODY_LIMIT": "much"})


async def test_what_a_target_keeps_begins_with_its_namespace(limited: Path, tmp_path: Path) -> None:
    made = create("test")
    store = SqliteStore(tmp_path / "store.db")
    environ = {"PROMPTSTUDIO_KEYS": print_records([made.record])}
    first = open_target(limited, environ, store=store, namespace="first").endpoint
    second = open_target(limited, environ, store=store, namespace="second").endpoint
    statuses = [(await run(endpoint, made.key)).status for endpoint in (first, first, second)]
    await store.close()
    assert statuses == [200, 429, 200]


async def test_an_idempotency_key_has_no_effect_without_a_store(file: Path) -> None:
    made = create("test")
    endpoint = open_target(file, {"PROMPTSTUDIO_KEYS": print_records([made.record])}).endpoint
    answers = [await run(endpoint, made.key, (b"idempotency-key", b"\xff")) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json["id"] != answers[1].json["id"]


def test_limits_are_not_served_without_a_store(limited: Path) -> None:
    with pytest.raises(ValueError, match="has limits, and this endpoint has no store"):
        open_target(limited, {})
