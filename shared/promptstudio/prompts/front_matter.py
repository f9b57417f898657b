"""The shape of a prompt's front matter: which keys, of which types, with which names."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final, cast

from promptstudio.errors import FieldError
from promptstudio.prompts.diagnostics import Diagnostic
from promptstudio.prompts.file import PromptFile
from promptstudio.prompts.validate import compile_schema, pointer_steps
from promptstudio.values import Json

LABELS: Final = "promptstudio.labels"
ALIASES: Final = "promptstudio.aliases"

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_ALIAS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_EXTENSION: Final = "promptstudio."

# Dotprompt's own keys that mean nothing here; they are kept in the file and passed over.
_PASSED_OVER: Final = frozenset({"ext", "metadata", "raw", "variant"})

_TEXT: Final[Json] = {"type": "string", "minLength": 1}
_NAMES: Final[Json] = {"type": "array", "items": {"type": "string"}}
_INPUT: Final[dict[str, Json]] = {"schema": {}, "default": {"type": "object"}}
_OUTPUT: Final[dict[str, Json]] = {"schema": {}, "format": {"enum": ["text", "json"]}}
_KEYS: Final[dict[str, Json]] = {
    "name": _TEXT,
    "version": {"type": "integer", "minimum": 0, "maximum": 2**53 - 1},
    "description": {"type": "string"},
    "model": _TEXT,
    "config": {"type": ["object", "null"]},
    "input": {"type": ["object", "null"], "properties": _INPUT},
    "output": {"type": ["object", "null"], "properties": _OUTPUT},
    LABELS: _NAMES,
    ALIASES: _NAMES,
}
_VALIDATE: Final = compile_schema({"type": "object", "properties": _KEYS})


def section(file: PromptFile, key: str) -> Mapping[str, Json]:
    """The object at a key of the front matter; empty where there is none, or something else."""
    found = file.metadata.get(key)
    return found if isinstance(found, Mapping) else {}


def prompt_name(file: PromptFile) -> str:
    """The name the front matter gives, else the file's."""
    return cast("str", file.metadata.get("name", PurePosixPath(file.path).stem))


def names(file: PromptFile, key: str) -> list[str]:
    """The labels or aliases of a file."""
    return cast("list[str]", file.metadata.get(key, []))


def shape_errors(file: PromptFile) -> list[Diagnostic]:
    """Values of the wrong type, and names that cannot be."""
    errors = _VALIDATE(dict(file.metadata), "")[1]
    if errors:
        return [field_problem(file, error) for error in errors]
    return list(_name_errors(file))


def field_problem(file: PromptFile, error: FieldError, *above: str) -> Diagnostic:
    """An error of a validator at its place; its pointer begins below the keys `above`."""
    steps = [int(step) if step.isdecimal() else step for step in pointer_steps(error.pointer)]
    return file.problem(f"{'.'.join(map(str, [*above, *steps]))}: {error.message}", *above, *steps)


def _name_errors(file: PromptFile) -> Iterator[Diagnostic]:
    name = prompt_name(file)
    slug = "has small letters, digits and hyphens, begins with a letter and is no longer than 63 characters"
    if not _NAME.fullmatch(name):
        yield file.problem(f"{name} is not a prompt's name, which {slug}", "name")
    for index, label in enumerate(names(file, LABELS)):
        if not _NAME.fullmatch(label):
            yield file.problem(f"{label} is not a label, which {slug}", LABELS, index)
    for index, alias in enumerate(names(file, ALIASES)):
        if not can_be_called(alias):
            shape = "has letters, digits and . _ : - and begins with a letter or digit"
            yield file.problem(f"{alias} is not an alias, which {shape}", ALIASES, index)


def can_be_called(text: str) -> bool:
    """Whether a prompt can have this name or alias."""
    return _ALIAS.fullmatch(text) is not None


def unknown_keys(file: PromptFile) -> Iterator[Diagnostic]:
    """Warnings for keys that have no effect. Other tools' keys (`theirs.key`) are theirs."""
    for key in file.metadata:
        if key in _KEYS or key in _PASSED_OVER or ("." in key and not key.startswith(_EXTENSION)):
            continue
        yield _no_effect(file, key)
    for parent, known in (("input", _INPUT), ("output", _OUTPUT)):
        yield from (_no_effect(file, parent, key) for key in section(file, parent) if key not in known)


def _no_effect(file: PromptFile, *keys: str) -> Diagnostic:
    return file.problem(f"the key {'.'.join(keys)} has no effect", *keys, severity="warning")
