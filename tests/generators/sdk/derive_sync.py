"""`python -m tests.generators.sdk.derive_sync` writes the synchronous half of the Python SDK's runtime anew.

The asynchronous modules are the source. Names and keywords are replaced token by token, comments and texts by
the words in them; then ruff formats what came of it. `test_derived.py` holds the files to this.
"""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

RUNTIME: Final = (
    Path(__file__).parents[3] / "generators" / "promptstudio_generators" / "runtime" / "sdk" / "python"
)
DERIVED: Final = ("_{}_client.py", "_{}_engine.py", "_{}_stream.py", "_{}_transport.py")

_DROPPED: Final = frozenset({"async", "await"})
_RENAMED: Final = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "aclose": "close",
}
_WORDS: Final = {"async with": "with", "async for": "for", "await ": "", "many tasks": "many threads"}
_TEXTS: Final = (tokenize.STRING, tokenize.COMMENT)


def synchronous(source: str, name: str) -> str:
    """The synchronous twin of an asynchronous module, formatted. `name` is the source's file name."""
    return _formatted(_note(name, "".join(_tokens(source))))


def _tokens(source: str) -> Iterator[str]:
    """The tokens with the space before each; a keyword that is dropped takes the space after it along."""
    lines = source.splitlines(keepends=True)
    at, drop_space = (1, 0), False
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        space = "" if drop_space else _between(lines, at, token.start)
        at, drop_space = token.end, token.type == tokenize.NAME and token.string in _DROPPED
        yield space + _translated(token)


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]] if start[0] <= len(lines) else ""
    middle = lines[start[0] : end[0] - 1]
    last = lines[end[0] - 1][: end[1]] if end[0] <= len(lines) else ""
    return lines[start[0] - 1][start[1] :] + "".join(middle) + last


def _translated(token: tokenize.TokenInfo) -> str:
    text = token.string
    if token.type == tokenize.NAME:
        return "" if text in _DROPPED else _name(text)
    if token.type in _TEXTS:
        for word, instead in _WORDS.items():
            text = text.replace(word, instead)
        return re.sub(r"\w+", lambda match: _name(match[0]), text)
    return text


def _name(name: str) -> str:
    if name in _RENAMED:
        return _RENAMED[name]
    if name.startswith("_async_"):
        return f"_sync_{name.removeprefix('_async_')}"
    return re.sub(r"^(_?)Async(?=[A-Z])", r"\1", name)


def _note(name: str, text: str) -> str:
    """The text with its origin below its docstring."""
    head, quotes, rest = text.partition('"""\n')
    return f"{head}{quotes}\n# Derived from {name}, by tests/generators/sdk/derive_sync.py.\n{rest}"


def _formatted(text: str) -> str:
    ruff = [str(Path(sys.executable).with_name("ruff"))]
    for command in (["check", "--select", "I", "--fix", "--quiet"], ["format", "--quiet"]):
        arguments = [*ruff, *command, "--stdin-filename", str(RUNTIME / "derived.py"), "-"]
        text = subprocess.run(arguments, input=text, capture_output=True, text=True, check=True).stdout
    return text


def main() -> None:
    for pattern in DERIVED:
        name = pattern.format("async")
        text = synchronous((RUNTIME / name).read_text("utf-8"), name)
        (RUNTIME / pattern.format("sync")).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
