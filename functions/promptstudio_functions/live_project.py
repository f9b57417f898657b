"""A project whose files may change while it is served."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.diagnostics import CompileError, Diagnostic
from promptstudio.prompts.project import SETTINGS_FILE, Project, ProjectNotFoundError, load_project
from promptstudio.prompts.project_settings import ProjectSettings
from promptstudio.values import InvalidJsonError, Json, loads
from promptstudio_functions.wiring import compile_project

_INPUTS: Final = "inputs"


class LiveProject:
    """The last good bundle of a project, and what is wrong with its files now.

    `inputs` are the sample inputs, inputs/NAME.json, by prompt.
    """

    def __init__(self, root: Path, environ: Mapping[str, str], *, dev: bool) -> None:
        self.settings = ProjectSettings(name=root.name)
        self.bundle: dict[str, Json] = compile_bundle((), self.settings).bundle or {}
        self.diagnostics: list[Diagnostic] = []
        self.inputs: dict[str, Json] = {}
        self._root = root
        self._environ = environ
        self._dev = dev
        self._stamps: dict[Path, tuple[int, int]] = {}

    def load(self) -> None:
        """Read and compile the files.

        Raises CompileError where they are bad or cannot be read, and then keeps the last good bundle.
        """
        self._stamps = self._look()
        try:
            project, bundle, self.diagnostics = self._compiled()
        except CompileError as error:
            self.diagnostics = list(error.diagnostics)
            raise
        self.settings, self.bundle = project.settings, bundle
        self.inputs = dict(self._read_inputs())

    def _compiled(self) -> tuple[Project, dict[str, Json], list[Diagnostic]]:
        try:
            project = load_project(self._root)
        except (ProjectNotFoundError, OSError) as error:
            raise CompileError([Diagnostic(SETTINGS_FILE, 1, 1, str(error))]) from error
        compiled = compile_project(project, self._environ, dev=self._dev)
        if compiled.bundle is None:
            raise CompileError(compiled.diagnostics)
        return project, compiled.bundle, compiled.diagnostics

    def changed(self) -> bool:
        """Whether a file differs from what was last loaded."""
        return self._look() != self._stamps

    def _look(self) -> dict[Path, tuple[int, int]]:
        """Each file's time of change and size."""
        stamps = {}
        for path in self._files():
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # gone since it was listed
            stamps[path] = (status.st_mtime_ns, status.st_size)
        return stamps

    def _files(self) -> Iterator[Path]:
        yield self._root / SETTINGS_FILE
        yield from (self._root / self.settings.prompts).rglob("*.prompt")
        yield from (self._root / _INPUTS).glob("*.json")

    def _read_inputs(self) -> Iterator[tuple[str, Json]]:
        for path in sorted((self._root / _INPUTS).glob("*.json")):
            try:
                value = loads(path.read_bytes())
            except (InvalidJsonError, OSError):
                value = None
            if isinstance(value, dict):
                yield path.stem, value
            else:
                place = f"{_INPUTS}/{path.name}"
                self.diagnostics.append(Diagnostic(place, 1, 1, "this is not a JSON object", "warning"))
