"""The endpoint of a generated Lambda project: secrets from Parameter Store, and keys that change there."""

import logging
from collections.abc import Mapping
from pathlib import Path

import pytest

from promptstudio.endpoint.keys import NewKey, create, print_records
from promptstudio.lambda_target import LambdaEndpoint
from promptstudio.parameter_store import ParametersError
from promptstudio.values import dumps
from tests.unit.endpoint.asgi import Answer, Client, bundle

ECHO = {"greet": "---\nmodel: echo/echo\n---\nHello."}
JSON = (b"content-type", b"application/json")
ONE, OTHER = create("one"), create("other")


class Store:
    """Parameter Store, and the clock."""

    def __init__(self, *keys: NewKey) -> None:
        self.keys = keys
        self.now = 0.0
        self.reads = 0
        self.fails = False

    def read(self, path: str, environ: Mapping[str, str]) -> dict[str, str]:
        assert path == "/acme"
        self.reads += 1
        if self.fails:
            raise ParametersError("Parameter Store did not answer.")
        return {"PROMPTSTUDIO_KEYS": print_records(key.record for key in self.keys)}

    def clock(self) -> float:
        return self.now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.json"
    path.write_text(dumps(bundle(ECHO)), encoding="utf-8")
    return path


def endpoint(file: Path, store: Store) -> LambdaEndpoint:
    environ = {"PROMPTSTUDIO_PARAMETERS": "/acme"}
    return LambdaEndpoint(file, environ, read=store.read, now=store.clock)


async def status(endpoint: LambdaEndpoint, key: NewKey) -> int:
    headers = [(b"authorization", b"Bearer " + key.key.encode()), JSON]
    client = Client("/v1/prompts/greet/run", {"variables": {}}, headers=headers)
    await endpoint(client.scope, client.receive, client.send)
    answer: Answer = client.answer
    return answer.status


async def test_the_keys_of_the_store_let_in(file: Path) -> None:
    app = endpoint(file, Store(ONE))
    assert await status(app, ONE) == 200
    assert await status(app, OTHER) == 401


async def test_changed_keys_are_in_force_within_a_minute(file: Path) -> None:
    store = Store(ONE)
    app = endpoint(file, store)
    store.keys = (OTHER,)
    store.now = 49
    assert await status(app, ONE) == 200
    assert store.reads == 1
    store.now = 59
    assert await status(app, ONE) == 401
    assert await status(app, OTHER) == 200
    assert store.reads == 2


async def test_a_store_that_is_silent_changes_nothing(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(ONE)
    app = endpoint(file, store)
    store.fails, store.now = True, 60
    with caplog.at_level(logging.WARNING):
        assert await status(app, ONE) == 200
    assert "could not be read again: Parameter Store did not answer." in caplog.text


def test_without_its_secrets_it_does_not_start(file: Path) -> None:
    store = Store()
    store.fails = True
    with pytest.raises(ParametersError):
        endpoint(file, store)


async def test_without_a_path_the_environment_says_all(file: Path) -> None:
    app = LambdaEndpoint(file, {"PROMPTSTUDIO_KEYS": print_records([ONE.record])})
    assert await status(app, ONE) == 200
