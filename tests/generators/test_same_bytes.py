"""The same prompts give the same bytes, whoever generates, where and when."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from promptstudio_generators.targets import TARGETS
from tests.conftest import ROOT
from tests.generators.every_project import every_choice

EVERY_PROJECT: Final = Path(__file__).with_name("every_project.py")
TIMEOUT_S: Final = 120

BELOW: Final = {"b": "openai/gpt-6", "a": "groq/llama", "c": "anthropic/claude-haiku-5-5", "i": "echo/echo"}
"""Prompts in a folder of their own, with the models of as many providers."""

Project = Mapping[str, tuple[int, bytes]]
"""A file's mode and content by its path."""
Generate = Callable[["Surroundings"], dict[str, Project]]


@dataclass(frozen=True)
class Surroundings:
    """What may differ between two machines. `order` is that in which folders tell their names; `below` is the
    folder inside the project where the command is run; UTF-8 is not said to be the encoding of files."""

    seed: str = "0"
    zone: str = "UTC"
    locale: str = "C.UTF-8"
    umask: int = 0o022
    order: str = "sorted"
    below: str = "."
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONHASHSEED": self.seed,
            "TZ": self.zone,
            "LANG": self.locale,
            "LC_ALL": self.locale,
            **self.environ,
        }


def other_locales() -> list[str]:
    """Where letters, dates and decimal points are others, if this machine has such a place."""
    found = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.split()
    return [name for name in ("de_DE.utf8", "tr_TR.utf8") if name in found] or ["C.UTF-8", "POSIX"]


ASCII: Final = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""Files that are opened without a word on their encoding are then ASCII."""
OTHERS: Final = [
    Surroundings(seed="1"),
    Surroundings(seed="4294967295", zone="Asia/Kathmandu"),
    Surroundings(zone="America/New_York", order="reversed"),
    Surroundings(locale="C", environ=ASCII),
    Surroundings(umask=0o000, below="prompts"),
    Surroundings(umask=0o077, below="prompts/replies"),
    *(Surroundings(locale=locale) for locale in other_locales()),
]


@pytest.fixture(scope="module")
def generate(tmp_path_factory: pytest.TempPathFactory) -> Generate:
    """Every project, generated somewhere else each time."""

    def run(surroundings: Surroundings) -> dict[str, Project]:
        folder = tmp_path_factory.mktemp("machine")
        write_prompts(folder / "project")
        done = subprocess.run(
            [sys.executable, str(EVERY_PROJECT), str(folder / "out"), surroundings.order],
            cwd=folder / "project" / surroundings.below,
            env=surroundings.variables,
            umask=surroundings.umask,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return {path.name: read(path) for path in (folder / "out").iterdir()}

    return run


@pytest.fixture(scope="module")
def usual(generate: Generate) -> dict[str, Project]:
    return generate(Surroundings())


def write_prompts(folder: Path) -> None:
    """The examples' project, and what a machine could take for something else."""
    shutil.copytree(ROOT / "examples", folder)
    below = folder / "prompts" / "replies"
    below.mkdir()
    for name, model in BELOW.items():
        text = f"---\nmodel: {model}\ndescription: İı ß ﬁ 1,5 é\n---\n{{{{>tone}}}} {{{{{name}}}}}: ẞ 🌍\n"
        (below / f"{name}.prompt").write_text(text, encoding="utf-8")


def read(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mode & 0o7777, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_every_target_is_generated_with_every_option(usual: dict[str, Project]) -> None:
    assert {target for target, _ in every_choice()} == set(TARGETS)
    assert len(usual) == len(list(every_choice()))
    for project in usual.values():
        (bundle,) = [text for path, (_, text) in project.items() if path.endswith("bundle.json")]
        assert {"translate", *BELOW} <= json.loads(bundle)["prompts"].keys()


@pytest.mark.parametrize("surroundings", OTHERS, ids=repr)
def test_the_same_prompts_give_the_same_bytes_anywhere(
    generate: Generate, usual: dict[str, Project], surroundings: Surroundings
) -> None:
    found = generate(surroundings)
    assert found.keys() == usual.keys()
    for name, project in found.items():
        assert project.keys() == usual[name].keys()
        assert [path for path in project if project[path] != usual[name][path]] == []


def test_every_file_may_be_read_and_only_scripts_executed(usual: dict[str, Project]) -> None:
    for project in usual.values():
        for mode, text in project.values():
            assert mode == (0o755 if text.startswith(b"#!") else 0o644)
