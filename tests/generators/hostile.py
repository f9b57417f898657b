"""Texts that would do harm if a generated file took them for more than text."""

from collections.abc import Sequence
from itertools import cycle
from typing import cast

from hypothesis import strategies as st

from promptstudio.values import Json

PIECES = (
    *('"', "'", "`", '"""', "'''", "\\", "${", "$(", "{{", "}}", "{%", "{#", "*/", "//", "#", "<!--", "--"),
    *("\n", "\r\n", "\t", "\0", "\x7f", "\u2028", "\u202e", "\ufeff", "\U0001f30d", "é"),
    *("&a", "*a", "!!python/object", ": ", "- ", "? ", "|", ">", "%", "@", "~", "---", "...", "=", ",", ";"),
    *(
        "null",
        "true",
        "no",
        "1e3",
        "0x1F",
        "__import__('os')",
        "__proto__",
        "class",
        "../",
        "$HOME",
        "x" * 300,
    ),
)

texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=8).map("".join)


def described(value: Json, text: str) -> Json:
    """The same tree with every description replaced."""
    if isinstance(value, dict):
        return {k: text if k == "description" else described(v, text) for k, v in value.items()}
    if isinstance(value, list):
        return [described(item, text) for item in value]
    return value


def infested(document: dict[str, Json], words: Sequence[str]) -> dict[str, Json]:
    """The bundle with these words wherever people write freely: in descriptions, models, URLs, headers and
    templates, as variables' names and values."""
    word = cycle(words).__next__
    for provider in cast("dict[str, dict[str, Json]]", document["providers"]).values():
        provider |= {"base_url": word(), "headers": {word(): word()}}
    for prompt in cast("dict[str, dict[str, dict[str, dict[str, Json]]]]", document["prompts"]).values():
        for version in prompt["versions"].values():
            name = word()
            variable: Json = {"type": "string", "description": word(), "enum": [word()]}
            schema: Json = {"type": "object", "properties": {name: variable}, "required": [name]}
            version |= {"description": word(), "model": word(), "config": {"stop": [word()]}}
            version["input"] = {"schema": schema, "default": {}}
            version["template"] = [{"type": "text", "text": f"Say {word()}"}]
    return document
