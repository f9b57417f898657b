"""Names, literals and texts as Python source."""

import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Final

from promptstudio.values import Json
from promptstudio_generators.names.escaped import Escaped
from promptstudio_generators.names.text import lines_of

# Names that Windows keeps for devices, whatever their ending.
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
)

CLIENT_MEMBERS: Final = frozenset({"aclose", "close", "with_options", "property"})
"""What a client has beside its prompts, and `property`, by which it has them."""

_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_FALLBACK: Final = "value"


def literal(value: Json) -> Escaped:
    """The expression that is this value, in ASCII and on one line."""
    if isinstance(value, str):
        return Escaped('"' + "".join(_ESCAPES.get(char) or _ascii(char) for char in value) + '"')
    if isinstance(value, dict):
        members = [f"{literal(name)}: {literal(member)}" for name, member in value.items()]
        return Escaped("{" + ", ".join(members) + "}")
    if isinstance(value, list):
        return Escaped("[" + ", ".join(literal(item) for item in value) + "]")
    return Escaped(repr(value))


def _ascii(char: str) -> str:
    return char if " " <= char <= "~" else _escape(char)


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def doc(text: str, indent: int = 0) -> Escaped:
    """Text for a docstring in three double quotes; its lines after the first are indented by so many spaces.

    The docstring's value is the text in the form of `lines_of`.
    """
    lines = [line.replace("\\", "\\\\") for line in lines_of(text)]
    # Of three quotes in a row the first is escaped, and so is one that the closing ones would follow.
    joined = "\n".join(re.sub(r'"(?=""|$)', '\\\\"', line) for line in lines)
    return Escaped(re.sub(r"\n(?=.)", "\n" + " " * indent, joined))


def attributes(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, Escaped]:
    """An identifier for each name: itself, where it is one that is not taken; else the nearest one left."""
    listed = list(dict.fromkeys(names))
    used = {*keyword.kwlist, *taken}
    fit = [name for name in listed if _identifier(name) == name and name not in used]
    found = {name: Escaped(name) for name in fit}
    used |= found.keys()
    for name in listed:
        if name not in found:
            found[name] = unused(_identifier(name), used)
            used.add(found[name])
    return {name: found[name] for name in listed}


def modules(names: Iterable[str]) -> dict[str, Escaped]:
    """The name of a module for each name."""
    return attributes(names, _DEVICES)


def unused(name: str, used: Collection[str]) -> Escaped:
    """The name, or the nearest one that is not used."""
    candidates = [name, f"{name}_"]
    number = 2
    while candidates[0] in used:
        candidates = [*candidates[1:], f"{name}_{number}"]
        number += 1
    return Escaped(candidates[0])


def _identifier(name: str) -> str:
    """The nearest identifier. None begins with an underscore: that means private, and two are mangled."""
    # Python compares identifiers in this form (https://docs.python.org/3/reference/lexical_analysis.html).
    text = unicodedata.normalize("NFKC", name)
    fit = "".join(char if f"a{char}".isidentifier() else "_" for char in text).lstrip("_") or _FALLBACK
    return fit if fit.isidentifier() else f"{_FALLBACK}_{fit}"


def class_name(*words: str) -> str:
    """The name of a class for words of any kind: "ticket list", "item" → TicketListItem."""
    parts = re.findall(r"[A-Za-z0-9]+", " ".join(words))
    name = "".join(part[0].upper() + part[1:] for part in parts)
    return name if name[:1].isalpha() else f"Value{name}"


def is_plain_key(name: str) -> bool:
    """Whether a TypedDict in class syntax can have a member of this name.

    Capitals are for types, and so are the built-in types' names: in the class body they would mean the
    member.
    """
    lowercase = re.fullmatch(r"[a-z][A-Za-z0-9_]*", name, re.ASCII) is not None
    return lowercase and not keyword.iskeyword(name) and name not in _BUILT_IN_TYPES


_BUILT_IN_TYPES: Final = frozenset({"str", "int", "float", "bool", "list", "dict", "object"})


def comma_separated(parts: Iterable[Escaped]) -> Escaped:
    """Escaped parts in a row."""
    return Escaped(", ".join(parts))


def either(types: Iterable[Escaped]) -> Escaped:
    """The union of types, each once."""
    return Escaped(" | ".join(dict.fromkeys(types)))
