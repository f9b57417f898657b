"""The shape of a prompt's front matter: which keys, of which types, with which names."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final, cast

from promptstudio.errors import BOUNDS, PROTOCOL, FieldError
from promptstudio.prompts.diagnostics import Diagnostic
from promptstudio.prompts.file import PromptFile
from promptstudio.prompts.validate import compile_schema, pointer_steps
from promptstudio.values import Json

LABELS: Final = "promptstudio.labels"
ALIASES: Final = "promptstudio.aliases"
LIMITS: Final = "promptstudio.limits"
CACHE: Final = "promptstudio.cache"

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_ALIAS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_OURS: Final = "promptstudio"
_DEFAULT_SUBJECT: Final = "prompt"

# Dotprompt's own keys that mean nothing here; they are kept in the file and passed over.
_PASSED_OVER: Final = frozenset({"ext", "metadata", "raw", "variant"})

_TEXT: Final[Json] = {"type": "string", "minLength": 1}
_NAMES: Final[Json] = {"type": "array", "items": {"type": "string"}}
_LIMIT: Final[Json] = {
    "type": "object",
    "properties": {
        "requests": {"type": "integer", "minimum": 1, "maximum": BOUNDS["limit_requests"]},
        "per": {"enum": list(PROTOCOL["limits"]["windows_s"])},
        "by": {"enum": list(PROTOCOL["limits"]["subjects"])},
    },
    "required": ["requests", "per"],
    "additionalProperties": False,
}
_EXTENSIONS: Final[dict[str, Json]] = {
    LABELS: _NAMES,
    ALIASES: _NAMES,
    LIMITS: {"type": "array", "items": _LIMIT, "minItems": 1, "maxItems": BOUNDS["limits_of_a_prompt"]},
    CACHE: {
        "type": "object",
        "properties": {"ttl_s": {"type": "integer", "minimum": 1, "maximum": BOUNDS["cache_ttl_s"]}},
        "required": ["ttl_s"],
        "additionalProperties": False,
    },
}
"""Our own keys. Each may also stand without its prefix under the key `promptstudio`."""

_NESTED: Final[dict[str, Json]] = {key.removeprefix(f"{_OURS}."): each for key, each in _EXTENSIONS.items()}
_FORMS: Final = {
    LIMITS: "a limit is written as {requests: 60, per: minute, by: key}",
    CACHE: "it is written as {ttl_s: 3600}",
}
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
    _OURS: {"type": ["object", "null"], "properties": _NESTED},
    **_EXTENSIONS,
}
_VALIDATE: Final = compile_schema({"type": "object", "properties": _KEYS})


def section(file: PromptFile, key: str) -> Mapping[str, Json]:
    """The object at a key of the front matter; empty where there is none, or something else."""
    found = file.metadata.get(key)
    return found if isinstance(found, Mapping) else {}


def prompt_name(file: PromptFile) -> str:
    """The name the front matter gives, else the file's."""
    return cast("str", file.metadata.get("name", PurePosixPath(file.path).stem))


def place(file: PromptFile, key: str) -> tuple[str, ...]:
    """The keys that lead to one of our own, which is written with its dot or under `promptstudio`."""
    return (key,) if key in file.metadata else tuple(key.split("."))


def _extension(file: PromptFile, key: str) -> Json:
    """The value of one of our own keys; None where it is not there."""
    found: Json = file.metadata
    for step in place(file, key):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def names(file: PromptFile, key: str) -> list[str]:
    """The labels or aliases of a file."""
    return cast("list[str] | None", _extension(file, key)) or []


def limits(file: PromptFile) -> list[dict[str, Json]]:
    """The limits of a file in their order, each with what it counts by."""
    written = cast("list[dict[str, Json]] | None", _extension(file, LIMITS)) or []
    return [
        {"requests": row["requests"], "per": row["per"], "by": row.get("by", _DEFAULT_SUBJECT)}
        for row in written
    ]


def cache(file: PromptFile) -> dict[str, Json] | None:
    """How answers are cached; None where they are not."""
    return cast("dict[str, Json] | None", _extension(file, CACHE))


def shape_errors(file: PromptFile) -> list[Diagnostic]:
    """Values of the wrong type, names that cannot be, and what is said twice."""
    errors = _VALIDATE(dict(file.metadata), "")[1]
    if errors:
        return [field_problem(file, error) for error in errors]
    return [*_twice(file), *_name_errors(file), *_limit_errors(file)]


def field_problem(file: PromptFile, error: FieldError, *above: str) -> Diagnostic:
    """An error of a validator at its place; its pointer begins below the keys `above`."""
    steps = [int(step) if step.isdecimal() else step for step in pointer_steps(error.pointer)]
    path = ".".join(map(str, [*above, *steps]))
    form = next((f"; {form}" for key, form in _FORMS.items() if f"{path}.".startswith(f"{key}.")), "")
    return file.problem(f"{path}: {error.message}{form}", *above, *steps)


def _twice(file: PromptFile) -> Iterator[Diagnostic]:
    for name in section(file, _OURS):
        key = f"{_OURS}.{name}"
        if key in file.metadata:
            yield file.problem(f"{key} stands here and as a key of its own: keep one of them", _OURS, name)


def _limit_errors(file: PromptFile) -> Iterator[Diagnostic]:
    first: dict[tuple[Json, Json], int] = {}
    for index, limit in enumerate(limits(file)):
        if first.setdefault((limit["per"], limit["by"]), index) != index:
            what = f"a limit per {limit['per']} by {limit['by']}"
            message = f"{LIMITS}.{index}: there is {what} already: keep one of them"
            yield file.problem(message, *place(file, LIMITS), index)


def _name_errors(file: PromptFile) -> Iterator[Diagnostic]:
    name = prompt_name(file)
    slug = "has small letters, digits and hyphens, begins with a letter and is no longer than 63 characters"
    if not _NAME.fullmatch(name):
        yield file.problem(f"{name} is not a prompt's name, which {slug}", "name")
    for index, label in enumerate(names(file, LABELS)):
        if not _NAME.fullmatch(label):
            yield file.problem(f"{label} is not a label, which {slug}", *place(file, LABELS), index)
    for index, alias in enumerate(names(file, ALIASES)):
        if not can_be_called(alias):
            shape = "has letters, digits and . _ : - and begins with a letter or digit"
            yield file.problem(f"{alias} is not an alias, which {shape}", *place(file, ALIASES), index)


def can_be_called(text: str) -> bool:
    """Whether a prompt can have this name or alias."""
    return _ALIAS.fullmatch(text) is not None


def unknown_keys(file: PromptFile) -> Iterator[Diagnostic]:
    """Warnings for keys that have no effect. Other tools' keys (`theirs.key`) are theirs."""
    for key in file.metadata:
        if key in _KEYS or key in _PASSED_OVER or ("." in key and not key.startswith(f"{_OURS}.")):
            continue
        yield _no_effect(file, key)
    for parent, known in (("input", _INPUT), ("output", _OUTPUT), (_OURS, _NESTED)):
        yield from (_no_effect(file, parent, key) for key in section(file, parent) if key not in known)


def _no_effect(file: PromptFile, *keys: str) -> Diagnostic:
    return file.problem(f"the key {'.'.join(keys)} has no effect", *keys, severity="warning")
