"""POSIX shell: no text that people wrote reaches a script but in a literal made here."""

import re
from collections.abc import Mapping
from typing import Final

from promptstudio.values import Json
from promptstudio_generators.names import json_literal
from promptstudio_generators.names.escaped import Escaped

_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", re.ASCII)


def shell_word(name: str) -> Escaped | None:
    """A name that means nothing but itself in a shell, a pattern and a message; None where it might."""
    return Escaped(name) if _WORD.fullmatch(name) else None


def json_members(value: Mapping[str, Json]) -> Escaped:
    """The members of a JSON object, for a place between single quotes.

    Characters that mean something to a shell are written as JSON can write any character: no quotes end, and
    nothing is expanded in whatever quotes.
    """
    members = json_literal(dict(value))[1:-1]
    return Escaped(re.sub(r"['$`!]", lambda match: f"\\u{ord(match[0]):04x}", members))
