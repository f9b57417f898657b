import json
from pathlib import Path

import pytest

from promptstudio_generators.sdks import SDKS
from tests.cli.command import Command


def sdk(promptstudio: Command, *more: str, language: str = "python") -> tuple[int, str]:
    result = promptstudio("sdk", language, "-o", "out", *more)
    return result.returncode, result.stdout + result.stderr


def test_a_package_named_after_the_project(promptstudio: Command, project: Path) -> None:
    returncode, said = sdk(promptstudio)
    assert returncode == 0
    assert "out/README.md" in said
    assert (project / "out" / "src" / "acme_prompts" / "prompts" / "greet.py").exists()
    lock = json.loads((project / "out" / "prompts.lock").read_text())
    assert [prompt["name"] for prompt in lock["prompts"]] == ["greet"]


@pytest.mark.parametrize("language", SDKS)
def test_every_language_is_made_and_locked(promptstudio: Command, project: Path, language: str) -> None:
    assert sdk(promptstudio, language=language)[0] == 0
    assert (project / "out" / "prompts.lock").exists()
    assert (project / "out" / "README.md").exists()


def test_the_options_reach_the_package(promptstudio: Command, project: Path) -> None:
    options = ("--name", "Beta Calls", "--package-version", "2.1.0", "--prompts", " greet , greet")
    returncode, _ = sdk(promptstudio, *options, "--transport", "aiohttp")
    assert returncode == 0
    manifest = (project / "out" / "pyproject.toml").read_text()
    assert 'name = "beta-calls"' in manifest
    assert 'version = "2.1.0"' in manifest
    assert '"aiohttp>=' in manifest
    init = (project / "out" / "src" / "beta_calls" / "__init__.py").read_text()
    assert "AsyncBetaCalls" in init
    assert "import BetaCalls\n" not in init


def test_it_is_generated_anew_in_place(promptstudio: Command, project: Path) -> None:
    sdk(promptstudio)
    (project / "out" / "notes.txt").write_text("mine")
    prompt = project / "prompts" / "greet.prompt"
    prompt.write_text(prompt.read_text().replace("whom to greet", "who is there"))
    assert sdk(promptstudio)[0] == 0
    assert "who is there" in (project / "out/src/acme_prompts/prompts/greet.py").read_text()
    assert (project / "out" / "notes.txt").read_text() == "mine"


def test_a_foreign_folder_is_left_alone_unless_forced(promptstudio: Command, project: Path) -> None:
    (project / "out").mkdir()
    (project / "out" / "thesis.txt").write_text("mine")
    returncode, said = sdk(promptstudio)
    assert (returncode, "out holds other things" in said) == (1, True)
    assert [path.name for path in (project / "out").iterdir()] == ["thesis.txt"]
    assert sdk(promptstudio, "--force")[0] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--prompts", "greet,nobody"), "There is no prompt 'nobody'. There are: greet."),
        (("--label", "staging"), "The prompt greet has no label 'staging'."),
        (("--package-version", "1"), "'1' is not a version such as 1.2.0."),
        (("--mode", "slow"), 'There is no mode "slow".\nThere are: sync, async, both.'),
        (("--transport", "curl"), 'There is no transport "curl".\nThere are: httpx2, requests, aiohttp.'),
        (("--transport", "requests", "--mode", "both"), "requests goes with the mode sync alone."),
    ],
)
def test_what_cannot_be_made_is_told(
    promptstudio: Command, project: Path, options: tuple[str, ...], said: str
) -> None:
    result = promptstudio("sdk", "python", "-o", "out", *options)
    assert (result.returncode, result.stderr) == (2, f"Error: {said}\n")
    assert not (project / "out").exists()


def test_an_unknown_language_names_those_there_are(promptstudio: Command, project: Path) -> None:
    result = promptstudio("sdk", "cobol", "-o", "out")
    assert result.returncode == 2
    assert result.stderr == f'Error: There is no SDK for "cobol".\nLanguages: {", ".join(SDKS)}.\n'


@pytest.mark.parametrize("option", [("--mode", "sync"), ("--transport", "requests")])
def test_what_is_pythons_alone_is_refused_elsewhere(
    promptstudio: Command, project: Path, option: tuple[str, str]
) -> None:
    returncode, said = sdk(promptstudio, *option, language="typescript")
    assert (returncode, said) == (2, f"Error: {option[0]} is for python.\n")
