"""Where a generated Lambda project keeps its state: asked late, and by a client that is imported late."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from promptstudio.endpoint.keys import create, print_records
from promptstudio.lambda_store import open_store
from tests.contract.engines import Engine, start
from tests.contract.engines.tables import Tables

ROOT = Path(__file__).parents[2]
KEY = create("one")
SCRIPT = """
import asyncio, os, sys
from pathlib import Path
from promptstudio.lambda_store import open_store
from promptstudio.lambda_target import LambdaEndpoint
from promptstudio.values import dumps
from tests.unit.endpoint.asgi import JSON, Client, bundle

Path("bundle.json").write_text(dumps(bundle({"greet": "---\\nmodel: echo/echo\\n---\\nHello."})))
app = LambdaEndpoint(Path("bundle.json"), os.environ, store=open_store(os.environ), namespace="acme")

async def run(*headers):
    headers = [(b"authorization", b"Bearer " + os.environ["KEY"].encode()), JSON, *headers]
    client = Client("/v1/prompts/greet/run", {"variables": {}}, headers=headers)
    await app(client.scope, client.receive, client.send)
    assert client.answer.status == 200, client.answer
    return client.answer.json["id"], sorted({"boto3", "botocore"} & sys.modules.keys())

async def main():
    plain = await run()
    named = await run((b"idempotency-key", b"k"))
    again = await run((b"idempotency-key", b"k"))
    assert named[0] == again[0] != plain[0]
    print(plain[1], named[1])

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with start("moto") as engine:
        yield engine


def test_a_run_that_needs_no_state_imports_no_sdk(engine: Engine, tmp_path: Path) -> None:
    assert isinstance(engine, Tables)
    engine.space()
    (table,) = engine.client.list_tables()["TableNames"]
    environ = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_DYNAMODB": str(engine.address),
        "AWS_SECRET_ACCESS_KEY": "test",
        "KEY": KEY.key,
        "PATH": os.environ["PATH"],
        "PROMPTSTUDIO_KEYS": print_records([KEY.record]),
        "PROMPTSTUDIO_TABLE": table,
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[] ['boto3', 'botocore']\n", done.stderr
    items = engine.client.scan(TableName=table)["Items"]
    assert [json.loads(item["json"]["S"]).keys() for item in items] == [{"body", "answer"}]
    assert all(item["pk"]["S"].startswith("acme#idempotency#") and "expires_at" in item for item in items)


@pytest.mark.parametrize("environ", [{}, {"PROMPTSTUDIO_TABLE": ""}])
def test_without_a_table_there_is_no_store(environ: dict[str, str]) -> None:
    assert open_store(environ) is None
