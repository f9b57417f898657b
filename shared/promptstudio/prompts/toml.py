"""TOML as JSON values, and where a key stands. `tomllib` gives no positions."""

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Final, cast

from promptstudio.prompts.diagnostics import CompileError, Diagnostic
from promptstudio.prompts.file import position
from promptstudio.values import InvalidJsonError, Json, normalize

_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_HEADER: Final = re.compile(r"[ \t]*(\[\[?[^\n#]*\]\]?)[ \t]*(?:#.*)?")
_KEY: Final = re.compile(r"""[ \t]*((?:[\w.-]|[ \t]|"[^"\n]*"|'[^'\n]*')+?)[ \t]*=""")


def parse_toml(text: str, path: str) -> dict[str, Json]:
    """The document; dates become text. Raises CompileError."""
    try:
        document = tomllib.loads(text)
        value = normalize(json.loads(json.dumps(document, default=str)))
    except tomllib.TOMLDecodeError as error:
        raise CompileError([_syntax_problem(text, path, str(error))]) from error
    except (InvalidJsonError, RecursionError):
        message = "a number is not finite, or tables are nested too deep"
        raise CompileError([Diagnostic(path, 1, 1, message)]) from None
    return cast("dict[str, Json]", value)


def _syntax_problem(text: str, path: str, message: str) -> Diagnostic:
    found = _PLACE.search(message)
    if found and found[1]:
        line, column = int(found[1]), int(found[2])
    else:
        line, column = position(text, len(text))
    return Diagnostic(path, line, column, f"this is not TOML: {_PLACE.sub('', message)}")


def toml_place(text: str, keys: Sequence[str]) -> tuple[int, int]:
    """Line and column of a key, or of the nearest key or table above it that is written out."""
    best: tuple[int, tuple[int, int]] = (0, (1, 1))
    wanted = tuple(keys)
    for path, place in _written_keys(text):
        if len(path) > best[0] and path == wanted[: len(path)]:
            best = (len(path), place)
    return best[1]


def _written_keys(text: str) -> Iterator[tuple[tuple[str, ...], tuple[int, int]]]:
    """Each table header and each `key =` at the beginning of a line, with its full path."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        column = len(line) - len(line.lstrip()) + 1
        if header := _HEADER.fullmatch(line.rstrip("\r")):
            table = _path_of(header[1])
            yield table, (number, column)
        elif key := _KEY.match(line):
            path = _path_of(f"{key[1]} = 0")
            yield from (((*table, *path[:length]), (number, column)) for length in range(1, len(path) + 1))


def _path_of(fragment: str) -> tuple[str, ...]:
    """The keys that a header or an assignment names, as TOML itself reads them."""
    try:
        value: object = tomllib.loads(fragment)
    except tomllib.TOMLDecodeError:
        return ()  # a line inside a longer string or array
    path: list[str] = []
    while isinstance(value, (dict, list)) and value:
        if isinstance(value, list):
            value = value[0]
        else:
            key, value = next(iter(value.items()))
            path.append(key)
    return tuple(path)
