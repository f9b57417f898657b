"""Putting a generated project on disk, and nowhere but inside its folder."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath


class UnsafePathError(Exception):
    """A path that would leave the output folder, or that two systems would read differently."""


def write(files: Mapping[str, str], folder: Path) -> list[str]:
    """Write every file below `folder`; returns the paths whose content changed.

    All paths are checked before the first byte is written. Files that are not named stay as they are.
    Raises UnsafePathError, and OSError where the disk refuses.
    """
    _refuse_collisions(files)
    targets = {path: inside(folder, path) for path in sorted(files)}
    return [path for path, target in targets.items() if _write_file(target, files[path].encode())]


def _refuse_collisions(files: Mapping[str, str]) -> None:
    seen: dict[str, str] = {}
    for path in files:
        other = seen.setdefault(path.casefold(), path)
        if other != path:
            raise UnsafePathError(f"{path!r} and {other!r} are one file on some systems")


def inside(folder: Path, path: str) -> Path:
    """Where `path` lies below `folder`; every folder on the way is a real one, and a file already there is
    no link. Raises UnsafePathError."""
    parts = path.split("/")
    if not all(_is_plain(part) for part in parts) or PurePosixPath(path).is_absolute():
        raise UnsafePathError(f"{path!r} is not a path inside the output folder")
    target = folder.resolve()
    for part in parts:
        target /= part
        if target.is_symlink():
            raise UnsafePathError(f"{path!r} leads through the link {target.name!r}")
    return target


def _is_plain(part: str) -> bool:
    return part not in ("", ".", "..") and part.isprintable() and not set(part) & set('\\:*?"<>|')


def _write_file(target: Path, content: bytes) -> bool:
    mode = 0o755 if content.startswith(b"#!") else 0o644
    if target.is_file() and target.read_bytes() == content:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(target, flags, mode), "wb") as file:
        file.write(content)
    target.chmod(mode)
    return True
