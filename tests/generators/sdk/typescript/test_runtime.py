"""The runtime of generated TypeScript clients by itself, in Node, and beside the protocol's tables."""

import json
import re
import subprocess
from typing import Final

import pytest

from promptstudio.errors import PROTOCOL
from promptstudio_generators.runtime.sdk.python.errors import BY_STATUS
from promptstudio_generators.sdks.typescript import typescript_sdk_runtime
from tests.generators.sdk.typescript.hosts import HERE

_TIMEOUT_S: Final = 120


@pytest.mark.needs("node")
def test_the_runtime_in_node() -> None:
    command = ["node", "--test", "--test-reporter=spec", str(HERE / "runtime.test.mjs")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_code_of_the_protocol_has_an_error_of_its_own() -> None:
    sources = typescript_sdk_runtime()
    rows = dict(re.findall(r'\["(\w+)", problems\.(\w+)\]', sources["problem.ts"]))
    assert rows.keys() == PROTOCOL["codes"].keys()
    assert len(set(rows.values())) == len(rows)
    named = dict(
        re.findall(
            r'class (\w+) extends \w+ \{\s*override readonly name(?:: string)? = "(\w+)"',
            sources["problems.ts"],
        )
    )
    assert set(rows.values()) == set(named)
    assert all(name == said for name, said in named.items())


def test_an_answer_without_a_code_of_ours_is_the_error_that_python_says() -> None:
    """A proxy's page of status 504, say, tells nothing of a provider."""
    rows = re.findall(r"\[(\d+), problems\.(\w+)\]", typescript_sdk_runtime()["problem.ts"])
    assert {int(status): name for status, name in rows} == {
        status: error.__name__ for status, error in BY_STATUS.items()
    }


def test_the_runtime_says_nothing_of_itself_and_depends_on_nothing() -> None:
    for name, text in typescript_sdk_runtime().items():
        assert not re.search(r"user-agent|x-stainless|telemetry-", text, re.IGNORECASE), name
        imported = re.findall(r'from "([^"]+)"', text)
        assert all(re.fullmatch(r"\./[a-z]+\.js", each) for each in imported), json.dumps(imported)
