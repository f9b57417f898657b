"""CloudFormation's templates as a test reads them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True)
class Call:
    """A short function, such as `!Ref Table`, and its argument."""

    name: str
    argument: Any


class _Loader(yaml.SafeLoader):
    pass


def _call(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Call:
    if isinstance(node, yaml.ScalarNode):
        return Call(suffix, loader.construct_scalar(node))
    assert isinstance(node, yaml.SequenceNode)
    return Call(suffix, loader.construct_sequence(node, deep=True))


_Loader.add_multi_constructor("!", _call)


def read_template(text: str) -> dict[str, Any]:
    """A template, with a Call for each short function."""
    loaded: dict[str, Any] = yaml.load(text, _Loader)
    return loaded


def resolved(value: Any, conditions: Collection[str]) -> Any:
    """A part of a template where just these conditions hold: each If has its value, and resources without
    their condition are left out. Of other functions only the argument is left."""
    match value:
        case Call("If", [condition, then, otherwise]):
            return resolved(then if condition in conditions else otherwise, conditions)
        case Call(_, argument):
            return resolved(argument, conditions)
        case dict():
            kept = {name: row for name, row in value.items() if _is_there(row, conditions)}
            return {name: resolved(row, conditions) for name, row in kept.items()}
        case list():
            return [resolved(row, conditions) for row in value if _is_there(row, conditions)]
        case _:
            return value


def _is_there(value: Any, conditions: Collection[str]) -> bool:
    match value:
        case Call("If", [condition, then, otherwise]):
            return _is_there(then if condition in conditions else otherwise, conditions)
        case {"Condition": str(condition), "Type": _}:
            return condition in conditions
        case _:
            return bool(value != Call("Ref", "AWS::NoValue"))
