"""The edges of the command: usage, exit codes, readers that go away."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, Command, environment

COMMANDS = [
    "init",
    "check",
    "render",
    "run",
    "serve",
    "dev",
    "build",
    "generate",
    "keys",
    "sign-in",
    "doctor",
]


def test_help_lists_every_command(promptstudio: Command) -> None:
    result = promptstudio("--help")
    assert result.returncode == 0
    assert all(f"\n  {command} " in result.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(promptstudio: Command, command: str) -> None:
    result = promptstudio(command, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert f"promptstudio {command}" in result.stdout


def test_version(promptstudio: Command) -> None:
    assert promptstudio("--version").stdout.startswith("promptstudio 0.")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["check", "--nonsense"],
        ["render"],
        ["serve", "--port", "many"],
        ["dev", "--port", "70000"],
    ],
)
def test_wrong_usage_exits_with_2(promptstudio: Command, arguments: list[str]) -> None:
    result = promptstudio(*arguments)
    assert result.returncode == 2
    assert "rror: " in result.stderr


@pytest.mark.parametrize("command", ["check", "serve", "build -o -", "render greet", "keys list"])
def test_outside_a_project_a_command_says_what_to_do(promptstudio: Command, command: str) -> None:
    result = promptstudio(*command.split())
    assert result.returncode == 1
    assert "There is no promptstudio.toml" in result.stderr
    assert "promptstudio init NAME" in result.stderr
    assert "Traceback" not in result.stderr


def test_commands_work_from_below_the_project(promptstudio: Command, project: Path) -> None:
    (project / "prompts" / "deeper").mkdir()
    assert promptstudio("check", folder="prompts/deeper").returncode == 0


def test_a_reader_that_goes_away_is_no_error(project: Path) -> None:
    """As in `promptstudio build -o - | head -c 0`."""
    process = subprocess.Popen(
        [COMMAND, "build", "-o", "-"],
        cwd=project,
        env=environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait(timeout=60)


def test_a_file_that_cannot_be_written_is_one_sentence(promptstudio: Command, project: Path) -> None:
    result = promptstudio("build", "-o", "missing/bundle.json")
    assert result.returncode == 1
    assert result.stderr == "Error: missing/bundle.json: No such file or directory\n"
