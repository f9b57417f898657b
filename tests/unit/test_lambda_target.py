"""The endpoint of a generated Lambda project: secrets from where they are stored, keys that change there."""

import logging
from collections.abc import Mapping
from pathlib import Path

import pytest

from promptstudio.aws_secrets import SecretsError
from promptstudio.endpoint.keys import NewKey, create, print_records
from promptstudio.lambda_target import LambdaEndpoint
from promptstudio.values import dumps
from tests.unit.endpoint.asgi import Answer, Client, bundle

ECHO = {"greet": "---\nmodel: echo/echo\n---\nHello."}
JSON = (b"content-type", b"application/json")
ONE, OTHER = create("one"), create("other")


class Secrets:
    """Where the secrets are stored, and the clock."""

    def __init__(self, *keys: NewKey) -> None:
        self.keys = keys
        self.now = 0.0
        self.reads = 0
        self.fails = False

    def read(self, environ: Mapping[str, str]) -> dict[str, str]:
        self.reads += 1
        if self.fails:
            raise SecretsError("Parameter Store did not answer.")
        return {"PROMPTSTUDIO_KEYS": print_records(key.record for key in self.keys)}

    def clock(self) -> float:
        return self.now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.json"
    path.write_text(dumps(bundle(ECHO)), encoding="utf-8")
    return path


def endpoint(file: Path, secrets: Secrets) -> LambdaEndpoint:
    return LambdaEndpoint(file, {}, read=secrets.read, now=secrets.clock)


async def status(endpoint: LambdaEndpoint, key: NewKey) -> int:
    headers = [(b"authorization", b"Bearer " + key.key.encode()), JSON]
    client = Client("/v1/prompts/greet/run", {"variables": {}}, headers=headers)
    await endpoint(client.scope, client.receive, client.send)
    answer: Answer = client.answer
    return answer.status


async def test_the_keys_among_the_secrets_let_in(file: Path) -> None:
    app = endpoint(file, Secrets(ONE))
    assert await status(app, ONE) == 200
    assert await status(app, OTHER) == 401


async def test_changed_keys_are_in_force_within_a_minute(file: Path) -> None:
    secrets = Secrets(ONE)
    app = endpoint(file, secrets)
    secrets.keys = (OTHER,)
    secrets.now = 49
    assert await status(app, ONE) == 200
    assert secrets.reads == 1
    secrets.now = 59
    assert await status(app, ONE) == 401
    assert await status(app, OTHER) == 200
    assert secrets.reads == 2


async def test_secrets_that_cannot_be_read_again_stay_as_they_were(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = Secrets(ONE)
    app = endpoint(file, secrets)
    secrets.fails, secrets.now = True, 60
    with caplog.at_level(logging.WARNING):
        assert await status(app, ONE) == 200
    assert "could not be read again: Parameter Store did not answer." in caplog.text


def test_without_its_secrets_it_does_not_start(file: Path) -> None:
    secrets = Secrets()
    secrets.fails = True
    with pytest.raises(SecretsError):
        endpoint(file, secrets)


async def test_where_no_secrets_are_stored_the_environment_says_all(file: Path) -> None:
    app = LambdaEndpoint(file, {"PROMPTSTUDIO_KEYS": print_records([ONE.record])})
    assert await status(app, ONE) == 200
