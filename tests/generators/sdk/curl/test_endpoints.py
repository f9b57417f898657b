"""The cURL scripts call every target's running endpoint: run, stream, error."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from promptstudio.sse import SseDecoder
from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import SdkOptions
from promptstudio_generators.write import write
from tests.generators.sdk.endpoints import RUNTIMES, Endpoint, says, serving, tells

TIMEOUT_S: Final = 60


@dataclass(frozen=True)
class Scripts:
    endpoint: Endpoint
    folder: Path

    def run(self, *arguments: str, key: str | None = None) -> tuple[int, bytes]:
        """A script's exit status and what it prints."""
        name, *given = arguments
        environ = {
            "PATH": os.environ["PATH"],
            "ACME_BASE_URL": self.endpoint.url,
            "ACME_API_KEY": key or self.endpoint.key,
        }
        command = [str(self.folder / f"{name}.sh"), *given]
        done = subprocess.run(command, env=environ, capture_output=True, timeout=TIMEOUT_S, check=False)
        return done.returncode, done.stdout


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.needs(*needs)) for name, needs in RUNTIMES.items()],
)
def scripts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripts]:
    folder = tmp_path_factory.mktemp(request.param)
    with serving(request.param, folder / "project") as endpoint:
        write(generate_sdk("curl", endpoint.bundle, SdkOptions(name="acme")), folder / "scripts")
        yield Scripts(endpoint, folder / "scripts")


def test_a_prompt_runs(scripts: Scripts) -> None:
    script = scripts.endpoint.play(says("Hello Ada"))
    status, output = scripts.run("greet", 'name=Ada "the first" $HOME\n')
    assert (status, json.loads(output)["output"]["text"]) == (0, "Hello Ada")
    (call,) = script.calls
    assert json.loads(call.body)["input"][0]["content"] == 'Greet Ada "the first" $HOME\n.'


def test_a_prompt_streams(scripts: Scripts) -> None:
    scripts.endpoint.play(tells("Hello ", "Ada"))
    status, output = scripts.run("greet", "--stream", "name=Ada")
    assert status == 0
    events = [event.event for event in SseDecoder().feed(output)]
    assert events == ["start", "delta", "delta", "done"]


def test_a_problem_is_printed(scripts: Scripts) -> None:
    scripts.endpoint.play()
    status, output = scripts.run("sort-mail")
    assert (status, json.loads(output)["code"]) == (22, "invalid_variables")
    status, output = scripts.run("greet", "name=Ada", key="ps_live_unknown")
    assert (status, json.loads(output)["code"]) == (22, "unauthorized")
