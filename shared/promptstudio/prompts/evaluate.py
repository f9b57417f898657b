"""Compiles the expressions of a template tree to closures."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from promptstudio.prompts.context import UNDEFINED, State, Value, json_of, key_of, member, truthy
from promptstudio.prompts.tree import CallExpression, DataExpression, Expression, Hash, PathExpression

Evaluate: TypeAlias = Callable[[State], Value]


def compile_expression(expression: Expression) -> Evaluate:
    match expression["type"]:
        case "literal":
            value = expression["value"]
            return lambda state: value
        case "undefined":
            return lambda state: UNDEFINED
        case "path":
            return _path(expression)
        case "data":
            return _data(expression)
        case "parameter":
            name, names = expression["name"], expression["names"]
            return lambda state: _member_at(state.parameters[name], names)
        case "call":
            return _call(expression)


def compile_hash(pairs: Hash) -> dict[str, Evaluate]:
    return {name: compile_expression(expression) for name, expression in pairs.items()}


def evaluate_hash(pairs: Mapping[str, Evaluate], state: State) -> dict[str, Value]:
    return {name: evaluate(state) for name, evaluate in pairs.items()}


def _member_at(value: Value, names: Sequence[str]) -> Value:
    for name in names:
        value = member(value, name)
    return value


def _path(expression: PathExpression) -> Evaluate:
    up, names = expression["up"], expression["names"]
    if up:
        return lambda state: _member_at(state.depths[up] if up < len(state.depths) else UNDEFINED, names)
    if len(names) == 1:
        return _name(names[0])
    return lambda state: _member_at(state.context, names)


def _name(name: str) -> Evaluate:
    """The commonest path, without a call where the context is an object."""

    def evaluate(state: State) -> Value:
        context = state.context
        return context.get(name, UNDEFINED) if isinstance(context, dict) else member(context, name)

    return evaluate


def _data(expression: DataExpression) -> Evaluate:
    """A variable written with `@`. Unlike in other paths, a name after a false value gives that value."""
    up, name, names = expression["up"], expression["name"], expression["names"]

    def evaluate(state: State) -> Value:
        value = state.data[up].get(name, UNDEFINED) if up < len(state.data) else UNDEFINED
        for step in names:
            if not truthy(value):
                return value
            value = member(value, step)
        return value

    return evaluate


def _call(expression: CallExpression) -> Evaluate:
    arguments = [compile_expression(argument) for argument in expression["arguments"]]
    if expression["helper"] == "lookup":
        return _lookup(arguments[0], arguments[1])
    return _json(arguments[0], compile_hash(expression.get("hash", {})))


def _lookup(container: Evaluate, key: Evaluate) -> Evaluate:
    def evaluate(state: State) -> Value:
        value = container(state)
        return member(value, key_of(key(state))) if truthy(value) else value

    return evaluate


def _json(argument: Evaluate, pairs: Mapping[str, Evaluate]) -> Evaluate:
    return lambda state: json_of(argument(state), evaluate_hash(pairs, state).get("indent"))
