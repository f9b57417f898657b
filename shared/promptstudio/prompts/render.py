"""Renders template trees. A tree is compiled once, to closures; a rendering only calls them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias, cast

from promptstudio.messages import Media, Message, Section
from promptstudio.prompts.assemble import indented, to_messages
from promptstudio.prompts.context import (
    NO_VALUES,
    UNDEFINED,
    Mark,
    Piece,
    Run,
    State,
    Value,
    deepened,
    filled,
    identical,
    merged,
    text_of,
    truthy,
    utf16_length,
)
from promptstudio.prompts.evaluate import Evaluate, compile_expression, compile_hash, evaluate_hash
from promptstudio.prompts.tree import BlockNode, Expression, MediaNode, Node, PartialNode
from promptstudio.values import Json

Emit: TypeAlias = Callable[[State], None]
# A partial may reach itself, so that each is a cell, filled once all of them exist.
_Partials: TypeAlias = Mapping[str, list[Emit]]

_THIS: Final[Expression] = {"type": "path", "up": 0, "names": []}
_MISSING: Final[Expression] = {"type": "undefined"}


class Renderer:
    """A template ready to be rendered, any number of times."""

    __slots__ = ("_body",)

    def __init__(self, body: Emit) -> None:
        self._body = body

    def render(
        self,
        variables: Mapping[str, Json],
        history: Sequence[Message] = (),
        context: Mapping[str, Json] = NO_VALUES,
    ) -> list[Message]:
        """The messages for these variables, which are in the normal form of `values`.

        `context` holds the variables written with `@`. Raises AppError render_depth, render_loops or
        render_size where a bound is passed.
        """
        run = Run()
        root = cast("dict[str, Json]", variables)
        self._body(State(run, root, (root,), ({"root": root, **context}, context)))
        return to_messages(run.pieces, history)


def compile_template(nodes: Sequence[Node], partials: Mapping[str, Sequence[Node]]) -> Renderer:
    """Make a template tree ready, with all the partials it reaches; raises KeyError where one is missing."""
    cells: dict[str, list[Emit]] = {name: [] for name in partials}
    for name, partial in partials.items():
        cells[name].append(_body(partial, cells, 0))
    return Renderer(_body(nodes, cells, 0))


def _body(nodes: Sequence[Node], partials: _Partials, depth: int) -> Emit:
    """Nodes in sequence. `depth` counts the blocks around them."""
    steps: list[tuple[list[Piece], Emit]] = []
    pieces: list[Piece] = []
    size = 0
    for node in nodes:
        if node["type"] == "text":
            size += utf16_length(node["text"])
        piece = _constant(node)
        if piece is None:
            steps.append((pieces, _node(node, partials, depth)))
            pieces = []
        else:
            pieces.append(piece)

    def emit(state: State) -> None:
        state.run.charge(size)
        printed = state.run.pieces
        for before, node in steps:
            printed += before
            node(state)
        printed += pieces

    return emit


def _constant(node: Node) -> Piece | None:
    """What a node prints, where that does not depend on variables."""
    match node["type"]:
        case "text":
            return node["text"]
        case "role":
            return Mark(node["role"])
        case "history":
            return Mark(None)
        case "section":
            return Section(node["name"])
    return None


def _node(node: Node, partials: _Partials, depth: int) -> Emit:
    match node["type"]:
        case "value":
            return _value(compile_expression(node["value"]))
        case "block":
            body = _body(node["body"], partials, depth + 1)
            return _block(node, body, _body(node.get("else", []), partials, depth + 1))
        case "partial":
            return _partial(node, partials[node["name"]], depth + 1)
        case "media":
            return _media(node)
        case unknown:
            raise KeyError(unknown)


def _value(evaluate: Evaluate) -> Emit:
    def emit(state: State) -> None:
        value = evaluate(state)
        state.run.write(value if type(value) is str else text_of(value))

    return emit


def _media(node: MediaNode) -> Emit:
    url = compile_expression(node.get("url", _MISSING))
    content_type = compile_expression(node.get("content_type", _MISSING))

    def emit(state: State) -> None:
        address, kind = text_of(url(state)), content_type(state)
        if address:
            state.run.pieces.append(Media(address, text_of(kind) if truthy(kind) else None))

    return emit


def _partial(node: PartialNode, cell: list[Emit], levels: int) -> Emit:
    """A partial: it has contexts of its own, and sees the data of its place."""
    context = compile_expression(node.get("context", _THIS))
    pairs = compile_hash(node.get("hash", {}))
    indent = node.get("indent", "")

    def emit(state: State) -> None:
        run = state.run
        run.loop()
        run.enter(levels)
        value = context(state)
        if pairs:
            value = merged(value, evaluate_hash(pairs, state))
        state = State(run, value, (value,), state.data)
        if indent:
            _render_indented(cell[0], state, indent)
        else:
            cell[0](state)
        run.leave(levels)

    return emit


def _render_indented(body: Emit, state: State, indent: str) -> None:
    run = state.run
    outer, run.pieces = run.pieces, []
    body(state)
    inner, run.pieces = run.pieces, outer
    run.pieces += indented(inner, indent, run.charge)


def _block(node: BlockNode, body: Emit, otherwise: Emit) -> Emit:
    first, *rest = (compile_expression(argument) for argument in node["arguments"])
    match node["helper"]:
        case "each":
            return _each(first, node.get("parameters", []), body, otherwise)
        case "with":
            return _with(first, node.get("parameters", []), body, otherwise)
        case "if":
            return _choose(_filled(node, first), body, otherwise)
        case "unless":
            return _choose(_filled(node, first), otherwise, body)
        case "ifEquals":
            return _choose(lambda state: identical(first(state), rest[0](state)), body, otherwise)
        case "unlessEquals":
            return _choose(lambda state: identical(first(state), rest[0](state)), otherwise, body)
        case unknown:
            raise KeyError(unknown)


def _filled(node: BlockNode, evaluate: Evaluate) -> Callable[[State], bool]:
    zero = compile_expression(node.get("hash", {}).get("includeZero", _MISSING))
    return lambda state: filled(evaluate(state), zero=truthy(zero(state)))


def _choose(test: Callable[[State], bool], yes: Emit, no: Emit) -> Emit:
    return lambda state: (yes if test(state) else no)(state.inside())


def _with(evaluate: Evaluate, parameters: list[str], body: Emit, otherwise: Emit) -> Emit:
    def emit(state: State) -> None:
        context = evaluate(state)
        if filled(context, zero=True):
            bound = _bound(state.parameters, parameters, context)
            body(State(state.run, context, deepened(context, state.depths), state.data, bound))
        else:
            otherwise(state.inside())

    return emit


def _each(evaluate: Evaluate, parameters: list[str], body: Emit, otherwise: Emit) -> Emit:
    def emit(state: State) -> None:
        items = evaluate(state)
        if not items or not isinstance(items, (list, dict)):
            otherwise(state.inside())
            return
        data = dict(state.data[0])
        inner = State(state.run, None, (), (data, *state.data))
        last = len(items) - 1
        for index, (key, item) in enumerate(_entries(items)):
            state.run.loop()
            data.update(key=key, index=index, first=index == 0, last=index == last)
            inner.context = item
            inner.depths = deepened(item, state.depths)
            inner.parameters = _bound(state.parameters, parameters, item, key)
            body(inner)

    return emit


def _entries(items: list[Json] | dict[str, Json]) -> Iterable[tuple[str | int, Json]]:
    return items.items() if isinstance(items, dict) else enumerate(items)


def _bound(outer: Mapping[str, Value], names: list[str], *values: Value) -> Mapping[str, Value]:
    """The block parameters in a body; those that the block gives no value are undefined."""
    if not names:
        return outer
    return {**outer, **dict.fromkeys(names, UNDEFINED), **dict(zip(names, values, strict=False))}
