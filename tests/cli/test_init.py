import json
from pathlib import Path

import pytest

from tests.cli.command import Command


def test_a_new_project_checks_renders_and_runs_at_once(promptstudio: Command) -> None:
    assert promptstudio("init", "acme").returncode == 0
    assert promptstudio("check", folder="acme").stdout == "No problems.\n"
    rendered = promptstudio(
        "render", "summarize", "--input", "inputs/summarize.json", "--json", folder="acme"
    )
    assert json.loads(rendered.stdout)["messages"]
    run = promptstudio("run", "summarize", "--input", "inputs/summarize.json", "--stream", folder="acme")
    assert run.returncode == 0
    assert run.stdout.startswith("This is an echo: no model was called.")


def test_it_holds_what_the_first_steps_need(promptstudio: Command, tmp_path: Path) -> None:
    promptstudio("init", "acme")
    files = {path.relative_to(tmp_path / "acme").as_posix() for path in (tmp_path / "acme").rglob("*.*")}
    assert files == {
        ".gitignore",
        "README.md",
        "inputs/summarize.json",
        "promptstudio.toml",
        "prompts/summarize.prompt",
    }
    toml = (tmp_path / "acme" / "promptstudio.toml").read_text()
    assert 'name = "acme"' in toml
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ollama"):
        assert name in toml
    assert ".promptstudio/" in (tmp_path / "acme" / ".gitignore").read_text()
    assert "PROJECT_NAME" not in (tmp_path / "acme" / "README.md").read_text()


def test_the_models_it_suggests_are_valid(promptstudio: Command, tmp_path: Path) -> None:
    """Each commented line of promptstudio.toml works once its # is taken away."""
    promptstudio("init", "acme")
    toml = tmp_path / "acme" / "promptstudio.toml"
    text = toml.read_text()
    suggestions = [line for line in text.splitlines() if line.startswith("# model = ")]
    assert len(suggestions) == 3
    for line in suggestions:
        changed = text.replace('\nmodel = "echo/echo"\n', "\n").replace(line, line.removeprefix("# "))
        for setting in ("[providers.ollama]", "type = ", "base_url = "):
            changed = changed.replace(f"# {setting}", setting)
        toml.write_text(changed)
        check = promptstudio("check", folder="acme")
        assert (check.returncode, check.stdout) == (0, "No problems.\n"), line


def test_it_overwrites_nothing(promptstudio: Command, tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "notes.txt").write_text("mine")
    result = promptstudio("init", "acme")
    assert result.returncode == 1
    assert "acme is already there" in result.stderr
    assert [path.name for path in (tmp_path / "acme").iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_used(promptstudio: Command, tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    assert promptstudio("init", "acme").returncode == 0


@pytest.mark.parametrize("name", ["Acme", "a b", "../up", "/absolute", "", "9lives", "a" * 64, "."])
def test_a_bad_name_is_refused_clearly(promptstudio: Command, tmp_path: Path, name: str) -> None:
    result = promptstudio("init", name)
    assert result.returncode == 2
    assert f'"{name}" cannot be a project\'s name' in result.stderr
    assert list(tmp_path.iterdir()) == []
