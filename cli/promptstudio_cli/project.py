"""The project of the current folder, and its prompts compiled."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from promptstudio.prompts.compile import Compiled, compile_bundle
from promptstudio.prompts.diagnostics import Diagnostic
from promptstudio.prompts.project import Project, find_project, load_project
from promptstudio.values import Json
from promptstudio_cli.errors import CommandError

DATA_FOLDER: Final = ".promptstudio"


def current_project() -> Project:
    """The project around the current folder; raises CommandError where there is none."""
    root = find_project(Path.cwd())
    if root is None:
        raise CommandError(
            "There is no promptstudio.toml in this folder or above it.",
            "Go to a project, or start one: promptstudio init NAME",
        )
    return load_project(root)


def data_folder(given: Path | None) -> Path:
    """Where local state is kept: the folder that was named, else .promptstudio in the project.

    Outside a project it is .promptstudio here, if `dev` made one. Raises CommandError.
    """
    if given is not None:
        return given
    here = Path.cwd() / DATA_FOLDER
    root = find_project(Path.cwd())
    if root is None and not here.is_dir():
        raise CommandError(
            "There is no promptstudio.toml in this folder or above it.",
            "Go to a project, or name the folder of the keys: --data DIR",
        )
    return here if root is None else root / DATA_FOLDER


def compile_project(project: Project) -> Compiled:
    """The project's bundle and all that is to be said about its files."""
    return compile_bundle(project.sources, project.settings)


def bundle_of(project: Project) -> dict[str, Json]:
    """The project's bundle. Problems go to stderr; raises CommandError if one of them is an error."""
    compiled = compile_project(project)
    show(compiled.diagnostics)
    if compiled.bundle is None:
        raise CommandError("The prompts do not compile.", "Mend what is named above.")
    return compiled.bundle


def show(diagnostics: Sequence[Diagnostic]) -> None:
    """Print problems, a line each, to stderr."""
    for diagnostic in diagnostics:
        print(diagnostic, file=sys.stderr)
