"""JSON Schemas to types. Where a type cannot say what a schema does, it says less: it is never too narrow."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, Literal, cast

from promptstudio.values import Json, dumps
from promptstudio_generators.sdks.model import (
    ANYTHING,
    NULL,
    Anything,
    Array,
    Default,
    Enum,
    LiteralValue,
    Null,
    Object,
    Property,
    Scalar,
    TypeNode,
    Union,
)

Schema = Mapping[str, Json]
Direction = Literal["in", "out"]
"""Whether a value is sent or answered: a default makes a member optional when sent, certain when answered."""

_SCALARS: Final[Mapping[str, TypeNode]] = {
    "string": Scalar("string"),
    "integer": Scalar("integer"),
    "number": Scalar("number"),
    "boolean": Scalar("boolean"),
    "null": NULL,
}


def variables_of(schema: Schema, defaults: Mapping[str, Json]) -> Object:
    """The variables that a prompt takes. `defaults` are the prompt's own, beside those in the schema."""
    found = _as_object(type_of({"type": "object", **schema}, "in"))
    return replace(found, properties=tuple(_with_default(each, defaults) for each in found.properties))


def _with_default(variable: Property, defaults: Mapping[str, Json]) -> Property:
    if variable.name not in defaults:
        return variable
    return replace(variable, required=False, default=Default(defaults[variable.name]))


def type_of(schema: Schema, direction: Direction) -> TypeNode:
    """The type of the values that fit a schema."""
    if "const" in schema:
        return _literal(schema["const"])
    if "enum" in schema:
        return union(_literal(value) for value in cast("list[Json]", schema["enum"]))
    if "anyOf" in schema:
        branches = cast("list[Schema]", schema["anyOf"])
        return union(type_of(_merged(schema, branch), direction) for branch in branches)
    return union(_of_kind(kind, schema, direction) for kind in _kinds(schema))


def _merged(schema: Schema, branch: Schema) -> Schema:
    """A branch of anyOf with the keywords that stand beside it. The branch's own win: both hold in truth."""
    merged = {keyword: value for keyword, value in schema.items() if keyword != "anyOf"} | dict(branch)
    for keyword in ("properties", "required"):
        if keyword in schema and keyword in branch:
            merged[keyword] = _both(schema[keyword], branch[keyword])
    return merged


def _both(beside: Json, own: Json) -> Json:
    if isinstance(beside, dict) and isinstance(own, dict):
        return beside | own
    return [*cast("list[Json]", beside), *cast("list[Json]", own)]


def _kinds(schema: Schema) -> list[str]:
    """The types that a schema names. Without any, values of types that its keywords ignore fit too."""
    named = schema.get("type", "any")
    return [named] if isinstance(named, str) else cast("list[str]", named)


def _of_kind(kind: str, schema: Schema, direction: Direction) -> TypeNode:
    if kind == "object":
        return _object(schema, direction)
    if kind == "array":
        items = schema.get("items")
        return Array(type_of(items, direction) if isinstance(items, Mapping) else ANYTHING)
    return _SCALARS.get(kind, ANYTHING)


def _object(schema: Schema, direction: Direction) -> Object:
    required = cast("list[str]", schema.get("required", []))
    members = cast("Mapping[str, Schema]", schema.get("properties", {}))
    others = _others(schema.get("additionalProperties", True), direction)
    declared = [_property(name, member, name in required, direction) for name, member in members.items()]
    undeclared = [
        Property(name, others, required=True)
        for name in dict.fromkeys(required)
        if name not in members and others is not None
    ]
    return Object((*declared, *undeclared), others)


def _others(additional: Json, direction: Direction) -> "TypeNode | None":
    if isinstance(additional, Mapping):
        return type_of(additional, direction)
    return ANYTHING if additional else None


def _property(name: str, schema: Schema, required: bool, direction: Direction) -> Property:
    default = Default(schema["default"]) if "default" in schema else None
    certain = direction == "out" if default else required
    description = cast("str | None", schema.get("description"))
    return Property(name, type_of(schema, direction), certain, description, default)


def _literal(value: Json) -> TypeNode:
    if value is None:
        return NULL
    if isinstance(value, dict):
        return Object(tuple(Property(name, _literal(each), required=True) for name, each in value.items()))
    if isinstance(value, list):
        return Array(union(_literal(each) for each in value) if value else ANYTHING)
    return Enum((value,))


def union(types: Iterable[TypeNode]) -> TypeNode:
    """One type for all of these: flat, each once, enums joined, null last. Of none, anything."""
    flat = [member for each in types for member in _members(each)]
    if not flat or any(isinstance(each, Anything) for each in flat):
        return ANYTHING
    literals = [value for each in flat if isinstance(each, Enum) for value in each.values]
    others = {repr(each): each for each in flat if not isinstance(each, (Enum, Null))}
    members: list[TypeNode] = [Enum(_distinct(literals))] if literals else []
    members += others.values()
    members += [NULL] if any(isinstance(each, Null) for each in flat) else []
    return members[0] if len(members) == 1 else Union(tuple(members))


def _members(node: TypeNode) -> Iterator[TypeNode]:
    if isinstance(node, Union):
        yield from node.members
    else:
        yield node


def _distinct(values: Iterable[LiteralValue]) -> tuple[LiteralValue, ...]:
    """Each value once. To Python, 1 and True are the same; to JSON they are not."""
    return tuple({dumps(value): value for value in values}.values())


def _as_object(node: TypeNode) -> Object:
    """One object type for any of several: variables are passed by name, whatever form they are to have."""
    forms = [each for each in _members(node) if isinstance(each, Object)]
    if len(forms) == 1:
        return forms[0]
    found: dict[str, list[Property]] = {}
    for form in forms:
        for each in form.properties:
            found.setdefault(each.name, []).append(each)
    others = [form.others for form in forms if form.others is not None]
    properties = tuple(_joined(same, len(forms), others) for same in found.values())
    return Object(properties, union(others) if others or not forms else None)


def _joined(same: list[Property], forms: int, others: list[TypeNode]) -> Property:
    first = next((each for each in same if each.description), same[0])
    in_all = len(same) == forms
    types = [each.type for each in same] + ([] if in_all else others)
    required = in_all and all(each.required for each in same)
    return replace(first, type=union(types), required=required)
