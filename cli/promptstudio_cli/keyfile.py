"""The file that holds API keys' hashes, which `serve` and `dev` read."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from promptstudio.endpoint.keys import KeyRecord, KeysError, parse_records, print_records
from promptstudio_cli.errors import CommandError
from promptstudio_functions.key_source import FILE

_OWNER_ONLY: Final = 0o700


def read(folder: Path) -> list[KeyRecord]:
    """The records in the folder's keys.json; none where there is no such file. Raises CommandError."""
    path = folder / FILE
    try:
        return parse_records(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (KeysError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {error}", "Restore it, or delete it and create new keys.") from None


def write(folder: Path, records: list[KeyRecord]) -> Path:
    """Replace keys.json in one step, readable by its owner alone; returns its path."""
    path = folder / FILE
    # NamedTemporaryFile creates with mode 0600.
    with NamedTemporaryFile("w", encoding="utf-8", dir=folder, prefix=f".{FILE}.", delete=False) as file:
        file.write(print_records(records))
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    return path


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other commands from changing the folder's keys meanwhile; makes the folder where it is missing."""
    folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    if sys.platform == "win32":  # Windows has no lock on a folder
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
