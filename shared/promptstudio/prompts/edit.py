"""Changes values in a .prompt file's front matter and leaves every other byte as it is."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, cast

from promptstudio.prompts.diagnostics import CompileError
from promptstudio.prompts.file import PromptFile, parse_file
from promptstudio.prompts.yaml import Node, is_plain_text
from promptstudio.values import Json, dumps, same

KeyPath = tuple[str, ...]
Splice = tuple[int, int, str]  # from, to, what stands there instead

_INDENT: Final = "  "
_PLAIN: Final = re.compile(r"[A-Za-z_](?:[\w./ -]*[\w./-])?", re.ASCII)
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufdd0-\ufdd3\ufeff\ufffe\uffff]")


class EditError(Exception):
    """A change that cannot be made without changing something else."""


def edit(text: str, changes: Mapping[KeyPath, Json]) -> str:
    """The file with each value at its key path, mappings made where they are missing.

    Comments, unknown keys, quoting, indentation and line ends stay, but inside a value that is replaced.
    Raises EditError, and CompileError where the file cannot be read.
    """
    for path, value in changes.items():
        before = parse_file(text, "")
        if _holds(before.metadata, path, value):
            continue
        text = _changed(before, path, value)
        if not _is_only_change(before, text, path, value):
            message = f"{'.'.join(path)} cannot be changed without changing more of the file"
            raise EditError(message)
    return text


def _is_only_change(before: PromptFile, text: str, path: KeyPath, value: Json) -> bool:
    try:
        after = parse_file(text, "")
    except CompileError:
        return False  # an alias has lost what it stood for
    same_body = before.front is None or after.body == before.body
    return same_body and same(after.metadata, _with(before.metadata, path, value))


def _holds(metadata: Json, path: KeyPath, value: Json) -> bool:
    for key in path:
        if not isinstance(metadata, Mapping) or key not in metadata:
            return False
        metadata = metadata[key]
    return same(metadata, value)


def _with(metadata: Json, path: KeyPath, value: Json) -> Json:
    """A copy of the metadata with the value at the path."""
    if not path:
        return value
    members = cast("Mapping[str, Json]", metadata or {})
    return {**members, path[0]: _with(members.get(path[0]), path[1:], value)}


def _changed(file: PromptFile, path: KeyPath, value: Json) -> str:
    line = "\r\n" if "\r\n" in file.text else "\n"
    if file.front is None:
        mark = "\ufeff" if file.text.startswith("\ufeff") else ""
        return f"{mark}---{line}{_entry(path, value, '', line)}{line}---{line}{file.text.removeprefix(mark)}"
    front = file.front
    written = file.text[front.start : front.end]
    if front.root is None:
        splice = len(written), len(written), _entry(path, value, "", line) + line
    else:
        splice = _splice(written, front.root, path, value, line)
    begin, end, replacement = splice
    return file.text[: front.start + begin] + replacement + file.text[front.start + end :]


def _splice(text: str, root: Node, path: KeyPath, value: Json, line: str) -> Splice:
    """Goes down the path as far as it is written, and changes the file there."""
    parent, node = root, root
    for depth, key in enumerate(path):
        if node.kind == "mapping" and key in node.children:
            parent, node = node, node.children[key]
        elif node.kind == "mapping":
            return _insertion(text, node, path[depth:], value, line)
        elif node.kind == "scalar" and node.value is None:
            return _replacement(text, parent, path[depth - 1], _with({}, path[depth:], value), line)
        else:
            message = f"{'.'.join(path[:depth])} holds no keys of its own"
            raise EditError(message)
    return _replacement(text, parent, path[-1], value, line)


def _insertion(text: str, mapping: Node, path: KeyPath, value: Json, line: str) -> Splice:
    """A new member, behind the last."""
    if mapping.flow:
        entry = _flow(_with({}, path, value))[1:-1]
        if not mapping.children:
            return mapping.end - 1, mapping.end - 1, entry
        end = list(mapping.children.values())[-1].end
        return end, end, ", " + entry
    end = _line_end(text, mapping.end)
    indent = _indent(text, mapping)
    return end, end, line + indent + _entry(path, value, indent, line)


def _replacement(text: str, mapping: Node, key: str, value: Json, line: str) -> Splice:
    node = mapping.children[key]
    block = not mapping.flow and isinstance(value, Mapping) and bool(value)
    in_place = node.start < node.end and (node.flow or node.kind == "scalar")
    if in_place and not block:
        return node.start, node.end, _flow(value, text[node.start])
    colon = text.index(":", mapping.keys[key][1]) + 1
    end = max(colon, node.end)
    if not block:
        return colon, end, " " + _flow(value)
    indent = _indent(text, mapping)
    return colon, end, _block(cast("Mapping[str, Json]", value), indent + _INDENT, line)


def _line_end(text: str, offset: int) -> int:
    """Where the line of an offset ends, before its line break."""
    newline = text.find("\n", offset)
    end = len(text) if newline < 0 else newline
    return end - 1 if text[offset:end].endswith("\r") else end


def _indent(text: str, mapping: Node) -> str:
    """The white space before a block mapping's keys."""
    first = next(iter(mapping.keys.values()))[0]
    return " " * (first - text.rfind("\n", 0, first) - 1)


def _entry(path: KeyPath, value: Json, indent: str, line: str) -> str:
    """`key: value`, in as many lines as it takes."""
    inner = _with({}, path[1:], value)
    key = _scalar(path[0])
    if isinstance(inner, Mapping) and inner:
        return f"{key}:{_block(inner, indent + _INDENT, line)}"
    return f"{key}: {_flow(inner)}"


def _block(members: Mapping[str, Json], indent: str, line: str) -> str:
    return "".join(f"{line}{indent}{_entry((key,), value, indent, line)}" for key, value in members.items())


def _flow(value: Json, quote: str = "") -> str:
    """A value on one line, text in the quotes that are given if it can stand in them."""
    if isinstance(value, str):
        return _scalar(value, quote)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(member)}" for key, member in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return dumps(value)


def _scalar(text: str, quote: str = "") -> str:
    if _PLAIN.fullmatch(text) and is_plain_text(text) and quote not in ("'", '"'):
        return text
    if quote == "'" and _PLAIN.fullmatch(text):
        return f"'{text}'"
    return _UNPRINTABLE.sub(lambda character: f"\\u{ord(character[0]):04x}", dumps(text))
