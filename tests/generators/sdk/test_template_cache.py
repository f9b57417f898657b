"""Compiled templates are kept and found again, and never stand in the way of a right one."""

import sys
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from promptstudio_generators.sdks.template_cache import CompiledTemplates

SETTINGS = Path(__file__)


@pytest.fixture(autouse=True)
def writing_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


class Counting(Environment):
    """An environment that counts what it compiles."""

    compiled = 0

    def compile(self, *args: object, **keywords: object) -> object:  # type: ignore[override]
        self.compiled += 1
        return super().compile(*args, **keywords)  # type: ignore[call-overload]


def rendered(folder: Path, source: str = "Hi {{ name }}", settings: Path = SETTINGS) -> tuple[str, int]:
    """The text of a template, and how many were compiled for it."""
    cache = CompiledTemplates(settings, folder)
    environment = Counting(loader=DictLoader({"t": source}), bytecode_cache=cache)
    return environment.get_template("t").render(name="Ada"), environment.compiled


def test_a_template_is_compiled_once(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    assert rendered(folder) == ("Hi Ada", 1)
    assert rendered(folder) == ("Hi Ada", 0)
    assert len(list(folder.iterdir())) == 1


def test_a_template_that_changed_is_compiled_again(tmp_path: Path) -> None:
    rendered(tmp_path)
    assert rendered(tmp_path, "Ho {{ name }}") == ("Ho Ada", 1)


def test_settings_that_changed_have_templates_of_their_own(tmp_path: Path) -> None:
    settings = tmp_path / "settings.py"
    settings.touch()
    assert rendered(tmp_path, settings=settings)[1] == 1
    assert rendered(tmp_path, settings=SETTINGS)[1] == 1


@pytest.mark.parametrize("content", [b"", b"j2", b"\0" * 100, None])
def test_a_file_that_cannot_be_read_is_compiled_anew(tmp_path: Path, content: bytes | None) -> None:
    rendered(tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-20] if content is None else content)
    assert rendered(tmp_path) == ("Hi Ada", 1)
    assert rendered(tmp_path) == ("Hi Ada", 0)


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    occupied = tmp_path / "occupied"
    occupied.touch()
    assert rendered(occupied) == ("Hi Ada", 1)
    assert rendered(tmp_path / "not" / "there") == ("Hi Ada", 1)


def test_nothing_is_written_where_python_writes_no_bytecode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered(tmp_path) == ("Hi Ada", 1)
    assert list(tmp_path.iterdir()) == []
