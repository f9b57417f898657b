"""Where a prompt or partial lies among the files: never outside the folder of the prompts."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Final

from promptstudio.prompts.diagnostics import CompileError
from promptstudio.prompts.file import Source, parse_file
from promptstudio.prompts.front_matter import prompt_name
from promptstudio_cli.sync.differences import Identity, Kind

SUFFIX: Final = ".prompt"
_PARTIAL_PREFIX: Final = "_"
_PROMPT: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_PARTIAL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_FORBIDDEN: Final = frozenset('\\/:*?"<>|')


class PlaceError(Exception):
    """A name or folder that no file may have, said in a sentence."""


def identify(source: Source, synced_name: str | None = None) -> Identity:
    """What a file is.

    Where its front matter cannot be read, `synced_name` is its name, else that of the file.
    """
    stem = PurePosixPath(source.path).stem
    if stem.startswith(_PARTIAL_PREFIX):
        return Identity(Kind.partial, stem.removeprefix(_PARTIAL_PREFIX))
    try:
        name: object = prompt_name(parse_file(source.text, source.path))
    except CompileError:
        name = None
    return Identity(Kind.prompt, name if isinstance(name, str) else synced_name or stem)


def folder_of(path: str, prompts: str) -> str:
    """A path's folder below the folder of the prompts; empty for that folder itself.

    Both are relative to the project's root. The characters are composed, as workspaces want them and some
    file systems do not.
    """
    folder = PurePosixPath(path).relative_to(prompts).parent.as_posix()
    return "" if folder == "." else unicodedata.normalize("NFC", folder)


def place(prompts: str, identity: Identity, folder: str, file: str | None = None) -> str:
    """The path below the project's root for a prompt or partial in a folder of the workspace.

    `file` is the name of the file where there is one already. Raises PlaceError.
    """
    allowed = _PROMPT if identity.kind is Kind.prompt else _PARTIAL
    if not allowed.fullmatch(identity.name):
        raise PlaceError("a file cannot have this name")
    steps = folder.split("/") if folder else []
    if not all(_is_plain(step) for step in steps):
        raise PlaceError(f'there can be no folder "{printable(folder)}" here')
    prefix = _PARTIAL_PREFIX if identity.kind is Kind.partial else ""
    return PurePosixPath(prompts, *steps, file or f"{prefix}{identity.name}{SUFFIX}").as_posix()


def _is_plain(step: str) -> bool:
    """Whether all systems take this for the name of a folder, and not of a hidden one."""
    return (
        step not in ("", ".", "..")
        and not step.startswith(".")
        and step == step.rstrip(" .")
        and step.isprintable()
        and not set(step) & _FORBIDDEN
    )


def printable(text: str) -> str:
    """A text from elsewhere as it may be shown: nothing in it moves a terminal's cursor."""
    return "".join(character if character.isprintable() else "?" for character in text)
