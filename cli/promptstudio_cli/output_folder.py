"""Where generated files go: a folder that is empty, or that we generated before."""

from collections.abc import Mapping
from pathlib import Path

from promptstudio_cli.errors import CommandError


def write_into(folder: Path, files: Mapping[str, str], mark: str, *, force: bool) -> int:
    """Write the files; returns how many changed.

    A folder that holds other things is refused unless forced: ours has a file whose path ends with `mark`.
    Raises CommandError.
    """
    from promptstudio_generators.write import UnsafePathError, write

    if not force:
        _refuse_foreign(folder, files, mark)
    try:
        return len(write(files, folder))
    except UnsafePathError as error:
        raise CommandError(f"{folder}: {error}.", "Choose another folder.") from None


def _refuse_foreign(folder: Path, files: Mapping[str, str], mark: str) -> None:
    if folder.exists() and not folder.is_dir():
        raise CommandError(f"{folder} is a file.", "Choose another folder.")
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not any(path.endswith(mark) and (folder / path).is_file() for path in files):
        raise CommandError(
            f"{folder} holds other things.", "Choose an empty folder, or write among them with --force."
        )
