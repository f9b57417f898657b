"""Parses a template to the tree that both runtimes render.

The language is Handlebars 4.7 as Dotprompt runs it. What it has beyond what a prompt needs is refused:
raw blocks, bare sections, inline, block and dynamic partials, decorators and `log`.
"""

from dataclasses import dataclass
from typing import Final

from promptstudio.prompts.expressions import (
    BLOCK_HELPERS,
    MARK_HELPERS,
    Call,
    ExpressionParser,
    check_depth,
    is_helper,
)
from promptstudio.prompts.scanner import Source, TemplateError, Token, Tokens
from promptstudio.prompts.scope import Scope
from promptstudio.prompts.tree import (
    BlockNode,
    MarkNode,
    MediaNode,
    Node,
    PartialNode,
    Position,
    ValueNode,
)
from promptstudio.prompts.whitespace import (
    Block,
    Comment,
    Content,
    Inline,
    Partial,
    Program,
    Statement,
    Strip,
    control,
)

__all__ = ["Template", "TemplateError", "parse"]

_ROLES: Final = ("system", "user", "model")
_PROGRAM_ENDS: Final = frozenset({"else", "open_else", "open_close", "end"})
_REFUSED: Final = {
    "open_raw": "raw blocks {{{{…}}}} are not supported",
    "open_partial_block": "block partials {{#> …}} are not supported",
}


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template. `partials` are the names it refers to; `variables` the prompt's variables it uses,
    each with its line and column."""

    nodes: list[Node]
    partials: frozenset[str]
    variables: list[tuple[str, int, int]]


def parse(text: str, *, path: str = "", line: int = 1, column: int = 1) -> Template:
    """Parse a template that begins at a line and column of its file; raises TemplateError."""
    source = Source(text, path, line, column)
    parser = _Parser(source)
    root = parser.root()
    control(root)
    variables = [(name, *source.position(offset)) for name, offset in parser.variables]
    return Template(_nodes(root), frozenset(parser.partials), variables)


class _Parser:
    """Goes through the tokens once, by recursive descent. Depth is bounded, so recursion is."""

    def __init__(self, source: Source) -> None:
        self.partials: set[str] = set()
        self._tokens = Tokens(source)
        self._expressions = ExpressionParser(self._tokens)

    @property
    def variables(self) -> list[tuple[str, int]]:
        return self._expressions.variables

    def root(self) -> Program:
        program = self._program(Scope())
        token = self._tokens.current
        if token.kind == "open_close":
            raise self._tokens.error("this closes a block that was never opened")
        if token.kind != "end":
            raise self._tokens.error("else stands outside of a block")
        return program

    def _program(self, scope: Scope) -> Program:
        body: list[Statement] = []
        while self._tokens.current.kind not in _PROGRAM_ENDS:
            body.append(self._statement(self._tokens.take(), scope))
        return Program(body)

    def _statement(self, token: Token, scope: Scope) -> Statement:
        if token.kind == "content":
            return Content(token.text, token.text)
        if token.kind in ("comment", "note"):
            return Comment(_strip(token, token))
        if token.text.endswith("*"):
            raise self._tokens.error("inline partials and decorators are not supported", token)
        if token.kind in ("open_block", "open_inverse"):
            return self._block(token, scope)
        if token.kind == "open_partial":
            return self._partial(token, scope)
        if token.kind in ("open", "open_triple"):
            return self._inline(token, scope)
        raise self._tokens.error(_REFUSED[token.kind], token)

    def _inline(self, opening: Token, scope: Scope) -> Inline:
        call = self._expressions.call(scope)
        strip, at = self._close(opening), self._at(opening)
        return Inline(strip, self._mark(call, scope, at) or self._value(call, scope, at))

    def _value(self, call: Call, scope: Scope, at: Position) -> ValueNode:
        plain = call.bare and not (call.path.simple and _reserved(call.path.original, scope))
        value = self._expressions.use(call.path, scope) if plain else self._expressions.called(call, scope)
        return {"type": "value", "value": value, "at": at}

    def _mark(self, call: Call, scope: Scope, at: Position) -> MarkNode | None:
        """The node of a helper that shapes the messages."""
        name = call.path.original
        if not call.path.simple or name not in MARK_HELPERS or name in scope.parameters:
            return None
        self._expressions.check_arguments(call, MARK_HELPERS[name])
        if name == "media":
            return self._media(call, at)
        if call.hash:
            raise self._expressions.error(f"{name} takes no name=value pairs", call)
        if name == "history":
            return {"type": "history", "at": at}
        text = self._literal(call)
        if name == "section":
            return {"type": "section", "name": text, "at": at}
        if text not in _ROLES:
            raise self._expressions.error(f"there is no role {text}; there are {', '.join(_ROLES)}", call)
        return {"type": "role", "role": text, "at": at}

    def _literal(self, call: Call) -> str:
        argument = call.arguments[0]
        if argument["type"] != "literal" or not isinstance(argument["value"], str):
            message = f"{call.path.original} takes a text in quotes, never a value: no variable may decide it"
            raise self._expressions.error(message, call)
        return argument["value"]

    def _media(self, call: Call, at: Position) -> MediaNode:
        unknown = call.hash.keys() - {"url", "contentType"}
        if "url" not in call.hash or unknown:
            raise self._expressions.error("media takes url=… and, if need be, contentType=…", call)
        node: MediaNode = {"type": "media", "url": call.hash["url"], "at": at}
        if "contentType" in call.hash:
            node["content_type"] = call.hash["contentType"]
        return node

    def _partial(self, opening: Token, scope: Scope) -> Partial:
        if self._tokens.current.kind in ("open_call", "data"):
            raise self._tokens.error("dynamic partials are not supported: name the partial itself", opening)
        call = self._expressions.call(scope)
        if len(call.arguments) > 1:
            raise self._expressions.error("a partial takes one context at the most", call)
        name = call.path.original
        self.partials.add(name)
        node: PartialNode = {"type": "partial", "name": name, "at": self._at(opening)}
        if call.arguments:
            node["context"] = call.arguments[0]
        if call.hash:
            node["hash"] = call.hash
        return Partial(self._close(opening), node)

    def _block(self, opening: Token, scope: Scope) -> Block:
        inverted = opening.kind == "open_inverse"
        block, inside = self._open(opening, scope)
        if inverted and "parameters" in block.node:
            raise self._tokens.error("block parameters have no meaning in a block of {{^", opening)
        first = self._program(scope.deeper() if inverted else inside)
        second = self._else(block, inside if inverted else scope.deeper(), chains=not inverted)
        closing = self._closing(block, opening)
        block.program, block.inverse = (second, first) if inverted else (first, second)
        _close_chain(block, second, closing)
        return block

    def _open(self, opening: Token, scope: Scope) -> tuple[Block, Scope]:
        """A block's first tag, and the scope of its body."""
        call = self._expressions.call(scope)
        parameters = self._expressions.parameters()
        strip = self._close(opening)
        helper = self._block_helper(call, opening, scope)
        if parameters and helper not in ("each", "with"):
            raise self._tokens.error(f"{helper} has no block parameters", opening)
        node: BlockNode = {
            "type": "block",
            "helper": helper,
            "arguments": call.arguments,
            "body": [],
            "at": self._at(opening),
        }
        if call.hash:
            node["hash"] = call.hash
        if parameters:
            node["parameters"] = parameters
        inside = scope.inside(helper, call.arguments, parameters)
        check_depth(self._tokens, inside, opening)
        return Block(node, strip), inside

    def _block_helper(self, call: Call, opening: Token, scope: Scope) -> str:
        name = call.path.original
        if call.bare and (not call.path.simple or not _reserved(name, scope)):
            written = "{{^" if opening.kind == "open_inverse" else "{{#"
            message = (
                f"{written}{name}}}}} is a bare section: write {{{{#if {name}}}}} or {{{{#each {name}}}}}"
            )
            raise self._expressions.error(message, call)
        helper = self._expressions.helper(call, scope)
        if helper not in BLOCK_HELPERS:
            raise self._expressions.error(f"{helper} takes no body: write {{{{{helper} …}}}}", call)
        self._expressions.check_arguments(call, BLOCK_HELPERS[helper])
        return helper

    def _else(self, block: Block, scope: Scope, *, chains: bool = True) -> Program | None:
        """What follows a block's `else`; an `else if` becomes a program that holds its block alone."""
        token = self._tokens.current
        if token.kind == "else":
            block.middle = _strip(self._tokens.take(), token)
            return self._program(scope)
        if token.kind != "open_else" or not chains:
            return None
        chained, inside = self._open(self._tokens.take(), scope)
        block.middle = chained.opening
        chained.program = self._program(inside)
        chained.inverse = self._else(chained, scope.deeper())
        _close_chain(chained, chained.inverse, chained.middle)
        return Program([chained], chained=True)

    def _closing(self, block: Block, opening: Token) -> Strip:
        """A block's last tag."""
        name, line = block.node["helper"], block.node["at"][0]
        token = self._tokens.current
        if token.kind == "end":
            raise self._tokens.error(f"{{{{#{name}}}}} is opened on line {line} and never closed", opening)
        if token.kind != "open_close":
            raise self._tokens.error(f"the block {name} of line {line} has no place for another else")
        self._tokens.take()
        closes = self._expressions.path().original
        if closes != name:
            message = f"{{{{/{closes}}}}} cannot close the block {name} that is opened on line {line}"
            raise self._tokens.error(message, token)
        return self._close(token)

    def _close(self, opening: Token) -> Strip:
        """Take the end of a tag."""
        kind = "close_triple" if opening.kind == "open_triple" else "close"
        if self._tokens.current.kind != kind:
            raise self._tokens.unexpected("}}}" if kind == "close_triple" else "}}")
        return _strip(opening, self._tokens.take())

    def _at(self, token: Token) -> Position:
        return list(self._tokens.source.position(token.offset))


def _reserved(name: str, scope: Scope) -> bool:
    """Whether a name alone in a tag is a helper's: a variable of that name is reached as `this.name`."""
    return name not in scope.parameters and (name == "log" or is_helper(name))


def _strip(opening: Token, closing: Token) -> Strip:
    return Strip(opening.text[2:3] == "~", closing.text[-3:-2] == "~")


def _close_chain(block: Block, inverse: Program | None, closing: Strip) -> None:
    """Note how a block is closed, which its `else if` shares."""
    block.closing = closing
    if inverse is not None and inverse.chained and isinstance(chained := inverse.body[0], Block):
        chained.closing = closing


def _nodes(program: Program | None) -> list[Node]:
    """The tree of a program: comments gone, texts that touch joined."""
    nodes: list[Node] = []
    for statement in program.body if program else ():
        if isinstance(statement, Content):
            _add_text(nodes, statement.value)
        elif isinstance(statement, Block):
            nodes.append(_block_node(statement))
        elif not isinstance(statement, Comment):
            nodes.append(statement.node)
    return nodes


def _add_text(nodes: list[Node], text: str) -> None:
    last = nodes[-1] if nodes else None
    if last is not None and last["type"] == "text":
        last["text"] += text
    elif text:
        nodes.append({"type": "text", "text": text})


def _block_node(block: Block) -> Node:
    node = block.node
    node["body"] = _nodes(block.program)
    if otherwise := _nodes(block.inverse):
        node["else"] = otherwise
    return node
