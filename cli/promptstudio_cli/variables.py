"""What a person gives a prompt on the command line: variables and messages, as text, files or JSON."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from promptstudio.errors import PROTOCOL
from promptstudio.values import InvalidJsonError, Json, loads
from promptstudio_cli.errors import UsageError

_STDIN: Final = "-"


def gather(
    *,
    input_file: str | None,
    variables: str | None,
    assignments: Sequence[str],
    messages: str | None,
    schema: Mapping[str, Json],
) -> dict[str, Json]:
    """The body of a run: `variables`, and `messages` where given.

    `input_file` holds such a body, `variables` and `messages` are JSON or `@file`, and `assignments` are
    `name=value` or `name=@file`; the later of these win over the earlier. Raises UsageError.
    """
    body = _object("--input", _read(input_file)) if input_file else {}
    given = body.get("variables", {})
    if not isinstance(given, dict):
        raise UsageError(f"--input: variables in {input_file} must be a JSON object.")
    if variables is not None:
        given = given | _object("--variables", _text(variables))
    body["variables"] = given | dict(assign(assignment, schema) for assignment in assignments)
    if messages is not None:
        body["messages"] = _json("--messages", _text(messages))
    return body


def assign(assignment: str, schema: Mapping[str, Json]) -> tuple[str, Json]:
    """A variable's name and value from `name=value`. The value is text, unless the schema wants otherwise."""
    name, equals, value = assignment.partition("=")
    if not (name and equals):
        raise UsageError(f'--var "{assignment}" is not name=value.', "Example: --var style=plain")
    text = _text(value)
    properties = schema.get("properties")
    kinds = _kinds(properties.get(name)) if isinstance(properties, dict) else set[str]()
    if not kinds or "string" in kinds:
        return name, text
    wanted = " or ".join(name for kind, name in PROTOCOL["type_names"].items() if kind in kinds - {"null"})
    try:
        return name, loads(text.encode())
    except InvalidJsonError:
        raise UsageError(
            f'--var {name}: "{_short(text)}" is not {wanted}.',
            "The prompt's schema asks for that: write it as JSON.",
        ) from None


def _kinds(schema: Json) -> set[str]:
    """The JSON types that a variable's schema takes, as far as it says so."""
    if not isinstance(schema, dict):
        return set()
    named = schema.get("type", [])
    kinds = {kind for kind in (named if isinstance(named, list) else [named]) if isinstance(kind, str)}
    for form in _list(schema.get("anyOf")):
        kinds |= _kinds(form)
    if any(isinstance(choice, str) for choice in [*_list(schema.get("enum")), schema.get("const")]):
        kinds.add("string")
    return kinds


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _text(value: str) -> str:
    """The value itself, or what `@file` holds; `@-` is the standard input and `@@` an at sign."""
    if value.startswith("@") and not value.startswith("@@"):
        return _read(value[1:])
    if any(
        "\ud800" <= character <= "\udfff" for character in value
    ):  # how Python shows bytes that are not UTF-8
        raise UsageError("A value on the command line is not text in UTF-8.")
    return value[1:] if value.startswith("@@") else value


def _read(path: str) -> str:
    try:
        return sys.stdin.read() if path == _STDIN else Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.", "A value after @ is the path of a file.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8.") from None


def _object(option: str, text: str) -> dict[str, Json]:
    value = _json(option, text)
    if not isinstance(value, dict):
        raise UsageError(f"{option} must be a JSON object.", """Example: {"text": "…"}""")
    return value


def _json(option: str, text: str) -> Json:
    try:
        return loads(text.encode())
    except InvalidJsonError:
        raise UsageError(
            f'{option}: "{_short(text)}" is not valid JSON.',
            "To read it from a file, write @ and the file's path.",
        ) from None


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
