"""The project's .prompt files, as `push` reads and `pull` writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from promptstudio.prompts.project import Project
from promptstudio_cli import whole_file
from promptstudio_cli.sync.differences import Here, Identity, Kind, Synced
from promptstudio_cli.sync.places import folder_of, identify
from promptstudio_generators.write import UnsafePathError, inside


class FileChangedError(Exception):
    """The file is no longer what was read, or its place is taken; it stays as it is."""


@dataclass(frozen=True, slots=True)
class Files:
    """`prompts` is the folder of the prompts, relative to `root`, as are all `paths`.

    `doubtful` says of some identities why it is not clear which file they are.
    """

    root: Path
    prompts: str
    here: Mapping[Identity, Here]
    doubtful: Mapping[Identity, str]
    paths: tuple[str, ...]


def read_files(project: Project, synced: Mapping[Identity, Synced]) -> Files:
    """What a project's files are; `synced` names those whose front matter cannot be read."""
    prompts = (project.root / project.settings.prompts).resolve().relative_to(project.root).as_posix()
    names = {each.path: identity.name for identity, each in synced.items()}
    here: dict[Identity, Here] = {}
    doubtful: dict[Identity, str] = {}
    for source in project.sources:
        identity = identify(source, names.get(source.path))
        folder = folder_of(source.path, prompts) if identity.kind is Kind.prompt else ""
        first = here.setdefault(identity, Here(source.path, folder, source.text))
        if first.path != source.path:
            doubtful[identity] = (
                f"both {first.path} and {source.path}: leave it one file, and its versions to the workspace"
            )
    return Files(project.root, prompts, here, doubtful, tuple(source.path for source in project.sources))


def write_file(files: Files, path: str, text: str, before: Here | None) -> None:
    """Write a text to `path`, to which the file that was `before` moves.

    Raises FileChangedError where that is not as it was read or the path is taken, UnsafePathError where the
    path would leave the folder of the prompts, and OSError.
    """
    target = _inside(files, path)
    if before is not None:
        _require_unchanged(files, before)
    if before is None or before.path != path:
        if target.exists():
            message = f"{path} is there already"
            raise FileChangedError(message)
        target.parent.mkdir(parents=True, exist_ok=True)
    if before is not None and before.path != path:
        _inside(files, before.path).rename(target)
    whole_file.put(target, text.encode())


def remove_file(files: Files, before: Here) -> None:
    """Remove a file; raises FileChangedError where it is not as it was read."""
    _require_unchanged(files, before)
    _inside(files, before.path).unlink()


def _require_unchanged(files: Files, before: Here) -> None:
    try:
        unchanged = _inside(files, before.path).read_bytes() == before.text.encode()
    except FileNotFoundError:
        unchanged = False
    if not unchanged:
        message = f"{before.path} was changed at this moment"
        raise FileChangedError(message)


def _inside(files: Files, path: str) -> Path:
    if not PurePosixPath(path).is_relative_to(files.prompts):
        message = f"{path!r} is not in the folder of the prompts"
        raise UnsafePathError(message)
    return inside(files.root / files.prompts, PurePosixPath(path).relative_to(files.prompts).as_posix())
