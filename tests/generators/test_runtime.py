"""The TypeScript runtime by itself, in Node."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.contract.engines import start
from tests.contract.engines.upstash import TOKEN

HERE = Path(__file__).parent


def run(file: str, environ: Mapping[str, str] | None = None) -> None:
    command = ["node", "--test", "--test-reporter=spec", str(HERE / file)]
    environ = {**os.environ, **(environ or {})}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs("node")
@pytest.mark.parametrize("part", ["answer_cache", "endpoint", "idempotency", "limits"])
def test_the_endpoint_in_node(part: str) -> None:
    run(f"{part}.test.mjs")


@pytest.mark.needs("node", "redis-server")
def test_its_state_in_a_redis_that_speaks_upstashs_rest() -> None:
    with start("upstash") as engine:
        url = {"UPSTASH_REDIS_REST_URL": str(engine.address), "UPSTASH_REDIS_REST_TOKEN": TOKEN}
        run("upstash_state.test.mjs", url)
