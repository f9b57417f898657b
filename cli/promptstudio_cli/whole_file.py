"""Files that are there whole or not at all, whenever a command is killed."""

import os
import secrets
from pathlib import Path
from typing import Final

ANYBODY: Final = 0o666  # less what the umask takes, as for any file that is made
OWNER_ONLY: Final = 0o600


def put(path: Path, data: bytes, mode: int = ANYBODY) -> None:
    """Make or replace a file in one step. One that is there keeps its own mode."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if path.exists():
                draft.chmod(path.stat().st_mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
