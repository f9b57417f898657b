"""The command is run as a person runs it: in a folder of its own, as a process of its own."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, GREET, Command, environment, write_prompt
from tests.cli.provider import Provider

TIMEOUT_S = 60


@pytest.fixture
def promptstudio(tmp_path: Path) -> Command:
    """Runs `promptstudio ARGUMENTS…` below the test's own folder."""

    def run(
        *arguments: str, folder: str = ".", stdin: str = "", **extra: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            cwd=tmp_path / folder,
            env=environment(extra),
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT_S,
            check=False,
        )

    return run


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with promptstudio.toml and one prompt, in which `promptstudio` is to be run."""
    (tmp_path / "promptstudio.toml").write_text('name = "acme"\n', encoding="utf-8")
    write_prompt(tmp_path, "greet", GREET)
    return tmp_path
