"""The TypeScript endpoint by itself, in Node."""

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.needs("node")
def test_the_endpoint_in_node() -> None:
    command = ["node", "--test", "--test-reporter=spec", str(HERE / "endpoint.test.mjs")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
