"""The project of the current folder, and its prompts compiled."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from promptstudio.errors import AppError
from promptstudio.prompts.bundle import Bundle, Prompt, Version
from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.diagnostics import CompileError, Diagnostic
from promptstudio.prompts.project import Project, ProjectNotFoundError, find_project, load_project
from promptstudio.values import Json
from promptstudio_cli.errors import CommandError

DATA_FOLDER: Final = ".promptstudio"


def project_root() -> Path:
    """The folder of the project around the current folder; raises CommandError where there is none."""
    try:
        return find_project(Path.cwd())
    except ProjectNotFoundError as error:
        raise CommandError(str(error), "Go to a project, or start one: promptstudio init NAME") from None


def project_root_if_any() -> Path | None:
    """The same, or None."""
    try:
        return find_project(Path.cwd())
    except ProjectNotFoundError:
        return None


def current_project() -> Project:
    """The project around the current folder; raises CommandError where there is none, and CompileError."""
    return load_project(project_root())


def data_folder(given: Path | None) -> Path:
    """Where local state is kept: the folder that was named, else .promptstudio in the project, else here."""
    return given or (project_root_if_any() or Path.cwd()) / DATA_FOLDER


def bundle_of(project: Project) -> dict[str, Json]:
    """The project's bundle, its warnings printed; raises CompileError."""
    compiled = compile_bundle(project.sources, project.settings)
    if compiled.bundle is None:
        raise CompileError(compiled.diagnostics)
    show(compiled.diagnostics)
    return compiled.bundle


def resolve(bundle: Bundle, name: str) -> tuple[Prompt, Version]:
    """A prompt and the version that runs by default; raises CommandError where there is no such prompt."""
    try:
        return bundle.resolve(name)
    except AppError as error:
        raise CommandError(error.detail, f"Prompts here: {', '.join(sorted(bundle.prompts))}") from None


def show(diagnostics: Sequence[Diagnostic]) -> None:
    """Print problems to stderr, a line each."""
    for diagnostic in diagnostics:
        print(diagnostic, file=sys.stderr)
