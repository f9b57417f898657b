"""A project on disk: promptstudio.toml and its .prompt files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from promptstudio.prompts.diagnostics import CompileError, Diagnostic
from promptstudio.prompts.file import Source
from promptstudio.prompts.project_settings import ProjectSettings, parse_settings
from promptstudio.prompts.toml import toml_place

SETTINGS_FILE: Final = "promptstudio.toml"
_SOURCE_BYTES_MAX: Final = 1 << 20


class ProjectNotFoundError(Exception):
    """There is no promptstudio.toml in a folder or above it."""


@dataclass(frozen=True, slots=True)
class Project:
    """`sources` are sorted by path."""

    root: Path
    settings: ProjectSettings
    sources: tuple[Source, ...]


def find_project(start: Path) -> Path:
    """The nearest folder at or above `start` that holds promptstudio.toml; raises ProjectNotFoundError."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder
    message = f"There is no {SETTINGS_FILE} in {start} or above it."
    raise ProjectNotFoundError(message)


def load_project(start: Path) -> Project:
    """Read the project that `start` belongs to.

    Raises ProjectNotFoundError, and CompileError where promptstudio.toml is wrong or a file cannot be read.
    """
    root = find_project(start)
    text = _read(root / SETTINGS_FILE, SETTINGS_FILE)
    settings = parse_settings(text, SETTINGS_FILE, root.name)
    folder = (root / settings.prompts).resolve()
    if message := _folder_problem(root, folder, settings.prompts):
        raise CompileError([Diagnostic(SETTINGS_FILE, *toml_place(text, ["prompts"]), f"prompts: {message}")])
    return Project(root, settings, tuple(_read_all(root, folder)))


def _folder_problem(root: Path, folder: Path, name: str) -> str | None:
    if not folder.is_relative_to(root):
        return f"{name} is not inside the project"
    if not folder.is_dir():
        return f"there is no folder {name}: make it, or name the folder that holds the .prompt files"
    return None


def _read_all(root: Path, folder: Path) -> list[Source]:
    """Every .prompt file below a folder, by path; raises CompileError with all that cannot be read."""
    sources: list[Source] = []
    problems: list[Diagnostic] = []
    for path, file in sorted((file.relative_to(root).as_posix(), file) for file in folder.rglob("*.prompt")):
        try:
            if not file.resolve().is_relative_to(root):
                raise CompileError([Diagnostic(path, 1, 1, "this link leads out of the project")])
            if file.is_file():
                sources.append(Source(path, _read(file, path)))
        except CompileError as error:
            problems += error.diagnostics
    if problems:
        raise CompileError(problems)
    return sources


def _read(file: Path, path: str) -> str:
    data = file.read_bytes()
    if len(data) > _SOURCE_BYTES_MAX:
        raise CompileError([Diagnostic(path, 1, 1, f"the file is larger than {_SOURCE_BYTES_MAX} bytes")])
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode()) + 1
        raise CompileError([Diagnostic(path, line, column, "the file is not UTF-8")]) from error
