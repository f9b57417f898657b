import json
from pathlib import Path

import pytest

from tests.cli.command import Command, write_prompt


def test_a_sound_project_has_no_problems(promptstudio: Command, project: Path) -> None:
    result = promptstudio("check")
    assert (result.returncode, result.stdout, result.stderr) == (0, "No problems.\n", "")
    assert json.loads(promptstudio("check", "--json").stdout) == {"ok": True, "problems": []}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("---\nmodel: [\n---\nHi", "prompts/bad.prompt:", id="broken YAML"),
        pytest.param("Hi\n{{shout name}}\n", "prompts/bad.prompt:2:", id="unknown helper"),
        pytest.param("Hi\n\n{{#if name}}\n", "prompts/bad.prompt:3:", id="unclosed block"),
        pytest.param(
            "---\ninput:\n  schema:\n    who: string\n---\nHi {{whom}}\n",
            "prompts/bad.prompt:6:",
            id="undeclared variable",
        ),
        pytest.param("---\nmodel: nowhere/some\n---\nHi\n", "prompts/bad.prompt:2:", id="unknown provider"),
        pytest.param("{{>missing}}\n", "prompts/bad.prompt:1:", id="missing partial"),
    ],
)
def test_a_problem_is_named_with_its_place(
    promptstudio: Command, project: Path, text: str, place: str
) -> None:
    write_prompt(project, "bad", text)
    result = promptstudio("check")
    assert result.returncode == 1
    assert any(line.startswith(place) and ": error: " in line for line in result.stdout.splitlines())
    assert result.stderr == ""


def test_every_problem_is_told_at_once(promptstudio: Command, project: Path) -> None:
    write_prompt(project, "one", "{{#if a}}")
    write_prompt(project, "two", "{{shout a}}")
    result = promptstudio("check", "--json")
    report = json.loads(result.stdout)
    assert result.returncode == 1
    assert report["ok"] is False
    assert {problem["path"] for problem in report["problems"]} == {"prompts/one.prompt", "prompts/two.prompt"}
    assert all(
        problem.keys() == {"path", "line", "column", "message", "severity"} for problem in report["problems"]
    )


def test_a_warning_alone_is_no_failure(promptstudio: Command, project: Path) -> None:
    write_prompt(project, "old", "---\nmodel: openai/gpt-4o-mini\n---\nHi\n")
    result = promptstudio("check")
    assert result.returncode == 0
    assert "prompts/old.prompt:2:" in result.stdout
    assert ": warning: " in result.stdout


def test_a_wrong_promptstudio_toml_is_a_problem_too(promptstudio: Command, project: Path) -> None:
    (project / "promptstudio.toml").write_text('name = "acme"\nnonsense = 1\n')
    result = promptstudio("check")
    assert result.returncode == 1
    assert result.stdout.startswith("promptstudio.toml:2:")


def test_other_commands_refuse_a_project_with_errors(promptstudio: Command, project: Path) -> None:
    write_prompt(project, "bad", "{{#if a}}")
    for command in (["build", "-o", "-"], ["render", "greet"], ["run", "greet"], ["serve"]):
        result = promptstudio(*command)
        assert (result.returncode, result.stdout) == (1, ""), command
        assert result.stderr.startswith("prompts/bad.prompt:1:1: error: ")
        assert result.stderr.endswith("Error: The project's files have to be mended first.\n")
