""".prompt files: YAML front matter between two lines of `---`, and a template."""

import re
from dataclasses import dataclass
from typing import Final, cast

from promptstudio.prompts.diagnostics import CompileError, Diagnostic, Severity
from promptstudio.prompts.spaces import WHITE_SPACE
from promptstudio.prompts.yaml import Node, YamlError, compose
from promptstudio.values import Json

_OPENING: Final = re.compile(r"\ufeff?(?:#[^\n]*\n|[ \t\r]*\n)*---[^\S\n]*\n")
_CLOSING: Final = re.compile(r"^---[^\S\n]*(?:\n|\Z)", re.MULTILINE)
_LOOKS_LIKE_YAML: Final = re.compile(r"[A-Za-z][\w.-]*[ \t]*:(?:\s|\Z)")


@dataclass(frozen=True, slots=True)
class Source:
    """A .prompt file as it was read. `path` is relative to the project's root, with slashes."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The text between the two lines: from offset `start` to `end`, and what it says."""

    start: int
    end: int
    root: Node | None


@dataclass(frozen=True, slots=True)
class PromptFile:
    """A file taken apart. `metadata` is the front matter's value; `body` begins at `body_offset`."""

    path: str
    text: str
    front: FrontMatter | None
    metadata: dict[str, Json]
    body: str
    body_offset: int

    @property
    def body_place(self) -> tuple[int, int]:
        """Line and column where the body begins."""
        return position(self.text, self.body_offset)

    def place(self, *keys: str | int) -> tuple[int, int]:
        """Line and column of a key in the front matter, or of the nearest key above it that is there."""
        if self.front is None or self.front.root is None:
            return 1, 1
        node, offset = self.front.root, self.front.root.start
        for key in keys:
            child = node.children.get(key)
            if child is None:
                break
            offset = node.keys[key][0] if isinstance(key, str) else child.start
            node = child
        return position(self.text, self.front.start + offset)

    def problem(self, message: str, *keys: str | int, severity: Severity = "error") -> Diagnostic:
        """A finding at a key of the front matter."""
        return Diagnostic(self.path, *self.place(*keys), message, severity)


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of a character, both from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def parse_file(text: str, path: str) -> PromptFile:
    """Take a .prompt file apart; raises CompileError where its front matter cannot be read."""
    bounds = front_matter_bounds(text)
    if bounds is None:
        if _unclosed(text):
            message = "the front matter is not closed: a second line of --- has to end it"
            raise CompileError([Diagnostic(path, 1, 1, message)])
        return PromptFile(path, text, None, {}, text, 0)
    start, end, after = bounds
    root = _compose(text, start, end, path)
    body = text[after:]
    trimmed = body.lstrip(WHITE_SPACE)
    return PromptFile(
        path=path,
        text=text,
        front=FrontMatter(start, end, root),
        metadata=cast("dict[str, Json]", root.value) if root else {},
        body=trimmed.rstrip(WHITE_SPACE),
        body_offset=after + len(body) - len(trimmed),
    )


def front_matter_bounds(text: str) -> tuple[int, int, int] | None:
    """Offsets where the front matter begins, ends, and where the text after it begins."""
    opening = _OPENING.match(text)
    closing = opening and _CLOSING.search(text, opening.end())
    return (opening.end(), closing.start(), closing.end()) if opening and closing else None


def _unclosed(text: str) -> bool:
    """A text may begin with a line of `---`; it is front matter without an end if a key follows."""
    opening = _OPENING.match(text)
    return opening is not None and _LOOKS_LIKE_YAML.match(text, opening.end()) is not None


def _compose(text: str, start: int, end: int, path: str) -> Node | None:
    try:
        root = compose(text[start:end])
        if root is not None and root.kind != "mapping":
            raise YamlError("it has to hold keys and values", root.start)
    except YamlError as error:
        place = position(text, start + error.offset)
        message = f"the front matter is not YAML that can be read: {error.message}"
        raise CompileError([Diagnostic(path, *place, message)]) from error
    return root
