"""The statements of a template, and the white space that Handlebars 4.7 takes away around them.

`~` strips all white space on its side of a tag. A block's tag, a comment or a partial that stands alone on
its line takes the line with it, and a partial remembers the line's indentation. Whether a tag stands alone
is judged by the text as written, even where a neighbour has already stripped it.
"""

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from promptstudio.prompts.spaces import WHITE_SPACE
from promptstudio.prompts.tree import BlockNode, MarkNode, PartialNode, ValueNode

_REST_OF_LINE: Final = re.compile(r"[ \t]*\r?\n?")


@dataclass(slots=True)
class Content:
    """Text. `original` is as written, `value` what is left of it."""

    original: str
    value: str
    left_stripped: bool = False
    right_stripped: bool = False


@dataclass(frozen=True, slots=True)
class Strip:
    """The `~` of one tag, or of the first and the last tag of a block."""

    left: bool = False
    right: bool = False


@dataclass(slots=True)
class Inline:
    """A tag that prints in its place."""

    strip: Strip
    node: ValueNode | MarkNode


@dataclass(slots=True)
class Comment:
    strip: Strip


@dataclass(slots=True)
class Partial:
    strip: Strip
    node: PartialNode


@dataclass(slots=True)
class Program:
    """What stands between two tags. `chained` marks the one that an `else if` makes around its block."""

    body: "list[Statement]" = field(default_factory=list)
    chained: bool = False


@dataclass(slots=True)
class Block:
    """A block. In `{{^if}}` what is written first is the inverse, and the program may be missing."""

    node: BlockNode
    opening: Strip
    program: Program | None = None
    inverse: Program | None = None
    middle: Strip = Strip()
    closing: Strip = Strip()

    @property
    def main(self) -> Program:
        return self.program or self.inverse or Program()

    @property
    def other(self) -> Program | None:
        """What follows `else`: where that is an `else if`, the body of its block."""
        if self.program is None or self.inverse is None:
            return None
        chained = self.inverse.body[0] if self.inverse.chained else None
        return chained.program if isinstance(chained, Block) else self.inverse


Statement: TypeAlias = Content | Inline | Comment | Partial | Block


def control(program: Program, *, root: bool = True) -> None:
    """Strip white space in a template, in place, and give partials their indentation."""
    body = program.body
    for index, statement in enumerate(body):
        if isinstance(statement, Content):
            continue
        strip = _control_block(statement) if isinstance(statement, Block) else statement.strip
        before = _line_begins(body, index, root=root)
        after = _line_ends(body, index + 1, root=root)
        if strip.right:
            _strip_start(body, index + 1)
        if strip.left:
            _strip_end(body, index - 1)
        if isinstance(statement, Block):
            _take_lines(body, index, statement, before=before, after=after)
        elif not isinstance(statement, Inline) and before and after:
            _take_line(body, index, statement)


def _control_block(block: Block) -> Strip:
    """Strip inside a block; returns what its outer tags ask of the neighbours."""
    for program in (block.program, block.inverse):
        if program is not None:
            control(program, root=False)
    main, other = block.main.body, block.other.body if block.other else None
    if block.opening.right:
        _strip_start(main, 0)
    if other is not None:
        _control_else(block.middle, main, other)
    if block.closing.left:
        last = main if other is None else other
        _strip_end(last, len(last) - 1)
    return Strip(block.opening.left, block.closing.right)


def _control_else(strip: Strip, main: list[Statement], other: list[Statement]) -> None:
    if strip.left:
        _strip_end(main, len(main) - 1)
    if strip.right:
        _strip_start(other, 0)
    if _line_begins(main, len(main)) and _line_ends(other, 0):
        _take_indentation(main, len(main) - 1)
        _take_rest_of_line(other, 0)


def _take_lines(body: list[Statement], index: int, block: Block, *, before: bool, after: bool) -> None:
    """Take the lines on which the block's first and last tag stand alone."""
    main, last = block.main.body, (block.other or block.main).body
    if before and _line_ends(main, 0):
        _take_rest_of_line(main, 0)
        _take_indentation(body, index - 1)
    if after and _line_begins(last, len(last)):
        _take_rest_of_line(body, index + 1)
        end = (block.inverse or block.main).body
        _take_indentation(end, len(end) - 1)


def _take_line(body: list[Statement], index: int, statement: Comment | Partial) -> None:
    _take_rest_of_line(body, index + 1)
    indentation = _take_indentation(body, index - 1)
    if indentation and isinstance(statement, Partial):
        statement.node["indent"] = indentation


def _content(body: list[Statement], index: int) -> Content | None:
    statement = body[index] if 0 <= index < len(body) else None
    return statement if isinstance(statement, Content) else None


def _line_begins(body: list[Statement], index: int, *, root: bool = False) -> bool:
    """Whether only white space stands on the line before the tag at `index`."""
    if index == 0:
        return root
    content = _content(body, index - 1)
    if content is None:
        return False
    kept = content.original.rstrip(WHITE_SPACE)
    return "\n" in content.original[len(kept) :] or (root and index == 1 and not kept)


def _line_ends(body: list[Statement], index: int, *, root: bool = False) -> bool:
    """Whether only white space stands on the line from `index` on."""
    if index == len(body):
        return root
    content = _content(body, index)
    if content is None:
        return False
    kept = content.original.lstrip(WHITE_SPACE)
    blank = content.original[: len(content.original) - len(kept)]
    return "\n" in blank or (root and index == len(body) - 1 and not kept)


def _strip_start(body: list[Statement], index: int) -> None:
    if content := _content(body, index):
        _keep_right(content, content.value.lstrip(WHITE_SPACE))


def _strip_end(body: list[Statement], index: int) -> None:
    if content := _content(body, index):
        _keep_left(content, content.value.rstrip(WHITE_SPACE))


def _take_rest_of_line(body: list[Statement], index: int) -> None:
    content = _content(body, index)
    if content and not content.right_stripped:
        _keep_right(content, _REST_OF_LINE.sub("", content.value, count=1))


def _take_indentation(body: list[Statement], index: int) -> str:
    """Take the blanks that end a text, unless that side has been stripped; returns those as written."""
    content = _content(body, index)
    if content is None or content.left_stripped:
        return ""
    blanks = content.original[len(content.original.rstrip(" \t")) :]
    return blanks if _keep_left(content, content.value.rstrip(" \t")) else ""


def _keep_right(content: Content, value: str) -> None:
    content.right_stripped = value != content.value
    content.value = value


def _keep_left(content: Content, value: str) -> bool:
    content.left_stripped = value != content.value
    content.value = value
    return content.left_stripped
