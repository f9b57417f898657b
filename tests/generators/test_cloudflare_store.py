"""A generated Cloudflare project's store, in the runtime that Cloudflare itself uses."""

import os
import subprocess
from pathlib import Path

import pytest

from promptstudio_generators.targets import generate
from promptstudio_generators.write import write
from tests.generators.projects import OPTIONS
from tests.generators.test_cloudflare import changed

TEST = Path(__file__).with_name("durable_objects.test.mjs")


@pytest.mark.needs("node")
def test_its_counts_claims_and_cache_in_workerd(tmp_path: Path) -> None:
    write(generate("cloudflare", changed(cache={"ttl_s": 30}), OPTIONS), tmp_path)
    command = ["node", "--test", "--test-reporter=spec", str(TEST)]
    environ = {**os.environ, "PROJECT": str(tmp_path)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
