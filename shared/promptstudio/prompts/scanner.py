"""Cuts a template into tokens, by the lexical rules of Handlebars 4.7.

Outside of `{{…}}` everything is content. A backslash before `{{` makes that content too, and two
backslashes before it stand for one.
"""

import re
from bisect import bisect_right
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final

from promptstudio.prompts.spaces import WHITE_SPACE

_SPACE: Final = f"[{WHITE_SPACE}]"
_LITERAL_ENDS: Final = rf"(?=[~}}{WHITE_SPACE})])"
_NAME_ENDS: Final = rf"(?=[=~}}{WHITE_SPACE}/.)|])"

# Inside a tag the first rule that matches wins, however much it takes: the order is part of the language.
_RULES: Final = {
    "open_call": r"\(",
    "close_call": r"\)",
    "open_raw": r"\{\{\{\{",
    "close_raw": r"\}\}\}\}",
    "open_partial": r"\{\{~?>",
    "open_partial_block": r"\{\{~?#>",
    "open_block": r"\{\{~?#\*?",
    "open_close": r"\{\{~?/",
    "else": rf"\{{\{{~?(?:\^|{_SPACE}*else){_SPACE}*~?\}}\}}",
    "open_inverse": r"\{\{~?\^",
    "open_else": rf"\{{\{{~?{_SPACE}*else(?![A-Za-z0-9_])",
    "open_triple": r"\{\{~?\{",
    "comment": r"\{\{~?!--.*?(?<=--)~?\}\}",
    "open_comment": r"\{\{~?!--",
    "note": r"\{\{~?!.*?\}\}",
    "open": r"\{\{~?[&*]?",
    "equals": r"=",
    "parent": r"\.\.",
    "here": rf"\.{_NAME_ENDS}",
    "separator": r"[/.]",
    "space": rf"{_SPACE}+",
    "close_triple": r"\}~?\}\}",
    "close": r"~?\}\}",
    "string": r""" "(?:\\"|[^"])*"|'(?:\\'|[^'])*' """.strip(),
    "data": r"@",
    "boolean": rf"(?:true|false){_LITERAL_ENDS}",
    "undefined": rf"undefined{_LITERAL_ENDS}",
    "null": rf"null{_LITERAL_ENDS}",
    "number": rf"-?[0-9]+(?:\.[0-9]+)?{_LITERAL_ENDS}",
    "open_parameters": rf"as{_SPACE}+\|",
    "close_parameters": r"\|",
    "name": rf"[^{WHITE_SPACE}!\"#%-,./;->@\[-^`{{-~]+{_NAME_ENDS}",
    "segment": r"\[(?:\\\]|[^\]])*\]",
    "unknown": r".",
}
_TAG: Final = re.compile("|".join(f"(?P<{kind}>{rule})" for kind, rule in _RULES.items()), re.DOTALL)
_TAG_ENDS: Final = frozenset({"comment", "note", "else", "close", "close_triple"})
_TAG_BEGINS: Final = frozenset(kind for kind, rule in _RULES.items() if rule.startswith(r"\{\{"))
_ESCAPED: Final = re.compile(r".{2,}?(?=\{\{|\\\{\{|\\\\\{\{|\Z)", re.DOTALL)
_SEGMENT_ESCAPE: Final = re.compile(r"\\([\\\]])")


class TemplateError(Exception):
    """A template that cannot be parsed: what is wrong, and where (line and column from 1)."""

    def __init__(self, message: str, line: int, column: int, path: str = "") -> None:
        super().__init__(f"{path}:{line}:{column}: {message}")
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a template. `text` is as written, but for content, strings and segments: there the
    escapes are undone, and a string has lost its quotes."""

    kind: str
    text: str
    offset: int


class Source:
    """A template's text, and where in which file it begins."""

    def __init__(self, text: str, path: str = "", line: int = 1, column: int = 1) -> None:
        self.text = text
        self._path = path
        self._line = line
        self._column = column
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, offset: int) -> tuple[int, int]:
        """The line and the column of a character, both from 1."""
        row = bisect_right(self._starts, offset) - 1
        return self._line + row, offset - self._starts[row] + (1 if row else self._column)

    def error(self, message: str, offset: int) -> TemplateError:
        return TemplateError(message, *self.position(offset), self._path)


def scan(source: Source) -> Iterator[Token]:
    """The tokens of a template, without the white space inside tags; the last is an `end`."""
    text, offset = source.text, 0
    while offset < len(text):
        start = text.find("{{", offset)
        if start < 0:
            yield Token("content", text[offset:], offset)
            break
        backslashes = text[max(offset, start - 2) : start]
        escaped = backslashes.endswith("\\") and backslashes != "\\\\"
        content = text[offset : start - 1] if backslashes.endswith("\\") else text[offset:start]
        if content:
            yield Token("content", content, offset)
        if escaped:
            yield (token := _escaped(text, start))
            offset = start + len(token.text)
        else:
            offset = yield from _scan_tag(source, start)
    yield Token("end", "", len(text))


def _escaped(text: str, start: int) -> Token:
    """The content that an escaped `{{` begins: up to the next one, escaped or not."""
    match = _ESCAPED.match(text, start)
    return Token("content", match.group() if match else text[start:], start)


def _scan_tag(source: Source, offset: int) -> Generator[Token, None, int]:
    """The tokens of one tag, from its `{{`; returns the offset after it."""
    while match := _TAG.match(source.text, offset):
        kind = str(match.lastgroup)
        if kind == "open_comment":
            raise source.error("this comment is never closed with --}}", offset)
        if kind != "space":
            yield Token(kind, _token_text(kind, match.group()), offset)
        offset = match.end()
        if kind in _TAG_ENDS:
            break
    return offset


def _token_text(kind: str, text: str) -> str:
    if kind == "string":
        return text[1:-1].replace("\\" + text[0], text[0])
    if kind == "segment":
        return _SEGMENT_ESCAPE.sub(r"\1", text)
    return text


class Tokens:
    """The tokens of a template, one at a time.

    `current` is the next to be taken, `following` the one after it, `tag` what opened the last tag.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._rest = scan(source)
        self.current = next(self._rest)
        self.following = next(self._rest, self.current)
        self.tag = self.current

    def take(self) -> Token:
        token, self.current = self.current, self.following
        self.following = next(self._rest, self.current)
        if token.kind in _TAG_BEGINS:
            self.tag = token
        return token

    def error(self, message: str, token: Token | None = None) -> TemplateError:
        """A TemplateError at a token, by default the current one."""
        return self.source.error(message, (token or self.current).offset)

    def unexpected(self, expected: str) -> TemplateError:
        """What to say where the current token is not what has to follow."""
        if "}}" not in self.source.text[self.tag.offset :]:
            return self.error(f"{self.tag.text} is never closed", self.tag)
        return self.error(f"{self.current.text} stands where {expected} is expected")
