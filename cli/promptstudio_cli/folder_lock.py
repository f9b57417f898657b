"""A lock on a folder, so that two commands do not change what is in it at once."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_OWNER_ONLY: Final = 0o700


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other commands from changing the folder meanwhile; makes the folder where it is missing."""
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
