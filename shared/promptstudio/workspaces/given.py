"""What people give to prompts, and in which shape: names, folders, tags and texts."""

import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from promptstudio.access.names import PromptName

TEXT_BYTES: Final = 256 * 1024
TAGS_MAX: Final = 20

_FOLDER_CHARACTERS: Final = 200
_FOLDER_DEPTH: Final = 8
_STEP_CHARACTERS: Final = 63
_TAG_CHARACTERS: Final = 40
_MESSAGE_CHARACTERS: Final = 2000
PARTIAL_NAME: Final = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"
_NOT_IN_FILE_NAMES: Final = frozenset('\\/:*?"<>|')


def _text(text: str) -> str:
    size = len(text.encode())
    if size > TEXT_BYTES:
        raise ValueError(f"has {size} bytes in UTF-8, more than {TEXT_BYTES}")
    return text


def _folder(path: str) -> str:
    steps = path.split("/") if path else []
    if len(path) > _FOLDER_CHARACTERS or len(steps) > _FOLDER_DEPTH:
        raise ValueError(f"has at most {_FOLDER_CHARACTERS} characters and {_FOLDER_DEPTH} steps")
    for step in steps:
        if not _is_plain(step):
            raise ValueError("is a path as a/b, of steps that can be names of folders on every system")
    return path


def _is_plain(step: str) -> bool:
    """Whether every system takes this for the name of a folder, and not of a hidden one."""
    return (
        0 < len(step) <= _STEP_CHARACTERS
        and not step.startswith((".", " "))
        and not step.endswith((".", " "))
        and step.isprintable()
        and unicodedata.is_normalized("NFC", step)
        and not set(step) & _NOT_IN_FILE_NAMES
    )


def _tag(tag: str) -> str:
    if not tag.isprintable() or tag != tag.strip() or not unicodedata.is_normalized("NFC", tag):
        raise ValueError("is printable text without spaces around it")
    return tag


def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


Text = Annotated[str, AfterValidator(_text)]
"""A .prompt file: at most 256 KiB of UTF-8."""

Folder = Annotated[str, Field(max_length=_FOLDER_CHARACTERS), AfterValidator(_folder)]
"""Where a prompt is filed: "" or a path as `support/replies`. Folders only organise."""

Tags = Annotated[
    tuple[
        Annotated[str, Field(min_length=1, max_length=_TAG_CHARACTERS), AfterValidator(_tag)],
        ...,
    ],
    Field(max_length=TAGS_MAX),
    AfterValidator(_sorted),
]
"""Up to 20 tags, sorted."""

LabelName = PromptName
"""A label's name has the shape of a prompt's."""

Labels = Annotated[tuple[LabelName, ...], Field(max_length=TAGS_MAX), AfterValidator(_sorted)]
"""Up to 20 labels' names, sorted."""

PartialName = Annotated[str, Field(pattern=PARTIAL_NAME)]
"""A partial's name: that of its file, `_NAME.prompt`."""

Message = Annotated[str, Field(max_length=_MESSAGE_CHARACTERS)]
"""What somebody says of a version."""
