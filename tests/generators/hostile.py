"""Texts that would do harm if a generated file took them for more than text."""

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
