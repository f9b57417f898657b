"""Types of schemas: what fits a schema fits its type, and the type says as much as it can."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.prompts.validate import compile_schema
from promptstudio.values import Json, same
from promptstudio_generators.sdks.model import (
    ANYTHING,
    NULL,
    STRING,
    Anything,
    Array,
    Default,
    Enum,
    Null,
    Object,
    Property,
    Scalar,
    TypeNode,
    Union,
)
from promptstudio_generators.sdks.types import type_of, union, variables_of

INTEGER, NUMBER, BOOLEAN = Scalar("integer"), Scalar("number"), Scalar("boolean")


def fits(value: Json, node: TypeNode) -> bool:
    """Whether a JSON value is of a type."""
    match node:
        case Anything():
            return True
        case Null():
            return value is None
        case Scalar("string"):
            return isinstance(value, str)
        case Scalar("boolean"):
            return isinstance(value, bool)
        case Scalar("integer"):
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            return is_number and float(cast("float", value)).is_integer()
        case Scalar():
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case Enum(values):
            return any(same(value, each) for each in values)
        case Array(items):
            return isinstance(value, list) and all(fits(each, items) for each in value)
        case Union(members):
            return any(fits(value, each) for each in members)
        case Object():
            return isinstance(value, dict) and _fits_object(value, node)


def _fits_object(value: dict[str, Json], node: Object) -> bool:
    declared = {each.name: each for each in node.properties}
    if any(each.required and each.name not in value for each in declared.values()):
        return False
    others = [each for name, each in value.items() if name not in declared]
    if others and (node.others is None or not all(fits(each, node.others) for each in others)):
        return False
    return all(fits(value[name], each.type) for name, each in declared.items() if name in value)


NAMES = st.sampled_from(["a", "b", "c"])
SCALARS: st.SearchStrategy[Json] = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "x"])
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
KINDS = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])


def schemas(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    keywords: dict[str, st.SearchStrategy[Json]] = {
        "type": KINDS | st.lists(KINDS, min_size=1, max_size=3, unique=True),
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        "required": st.lists(NAMES, max_size=2),
        "additionalProperties": st.booleans() | inner,
        "items": inner,
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "anyOf": st.lists(inner, min_size=1, max_size=3),
        "minLength": st.integers(0, 2),
        "minimum": st.integers(-1, 1),
    }
    return st.fixed_dictionaries({}, optional=keywords)


SCHEMAS = st.recursive(st.just({}) | st.fixed_dictionaries({"type": KINDS}), schemas, max_leaves=8)


@given(schema=SCHEMAS, value=VALUES)
def test_what_fits_a_schema_fits_its_type(schema: Json, value: Json) -> None:
    assert isinstance(schema, dict)
    _, errors = compile_schema(schema)(value, "")
    if not errors:
        assert fits(value, type_of(schema, "in"))
        assert fits(value, type_of(schema, "out"))


@given(schema=SCHEMAS, defaults=st.dictionaries(NAMES, VALUES, max_size=2), value=VALUES)
def test_variables_that_a_prompt_takes_can_be_passed(
    schema: Json, defaults: dict[str, Json], value: Json
) -> None:
    assert isinstance(schema, dict)
    given = value if isinstance(value, dict) else {}
    _, errors = compile_schema({"type": "object", **schema})({**defaults, **given}, "")
    if not errors:
        assert fits(cast("Json", given), variables_of(schema, defaults))


@pytest.mark.parametrize(
    ("schema", "node"),
    [
        ({}, ANYTHING),
        ({"type": "string", "maxLength": 3}, STRING),
        ({"type": ["string", "null"]}, Union((STRING, NULL))),
        ({"type": ["null", "integer", "string"]}, Union((INTEGER, STRING, NULL))),
        ({"type": "array"}, Array(ANYTHING)),
        ({"type": "array", "items": {"type": "number"}}, Array(NUMBER)),
        ({"type": "string", "enum": ["a", "b"]}, Enum(("a", "b"))),
        ({"enum": ["a", None]}, Union((Enum(("a",)), NULL))),
        ({"enum": [1, True, 1]}, Enum((1, True))),
        ({"const": "a"}, Enum(("a",))),
        ({"const": None}, NULL),
        ({"const": {"a": [1]}}, Object((Property("a", Array(Enum((1,))), required=True),))),
        ({"const": []}, Array(ANYTHING)),
        (
            {"anyOf": [{"const": "a"}, {"enum": ["b", 1]}, {"type": "null"}]},
            Union((Enum(("a", "b", 1)), NULL)),
        ),
        ({"anyOf": [{"type": "string"}, {"type": "string", "maxLength": 1}]}, STRING),
        ({"anyOf": [{"type": "string"}, {}]}, ANYTHING),
        ({"type": "object"}, Object((), ANYTHING)),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, Object((), BOOLEAN)),
        ({"type": "object", "additionalProperties": False}, Object(())),
        (
            {"type": "object", "required": ["a"], "additionalProperties": {"type": "string"}},
            Object((Property("a", STRING, required=True),), STRING),
        ),
        (
            {
                "type": "object",
                "properties": {"kind": {"type": "string"}},
                "additionalProperties": False,
                "anyOf": [
                    {"properties": {"kind": {"const": "a"}}, "required": ["kind"]},
                    {"properties": {"kind": {"const": "b"}}},
                ],
            },
            Union(
                (
                    Object((Property("kind", Enum(("a",)), required=True),)),
                    Object((Property("kind", Enum(("b",)), required=False),)),
                )
            ),
        ),
    ],
)
def test_a_type_says_as_much_as_it_can(schema: dict[str, Json], node: TypeNode) -> None:
    assert repr(type_of(schema, "in")) == repr(node)


def test_a_default_makes_a_member_optional_when_sent_and_certain_when_answered() -> None:
    member: dict[str, Json] = {"type": "string", "default": "x", "description": "What."}
    schema: dict[str, Json] = {"type": "object", "properties": {"a": member}, "required": ["a"]}
    for direction, required in (("in", False), ("out", True)):
        node = type_of(schema, direction)  # type: ignore[arg-type]
        assert node == Object((Property("a", STRING, required, "What.", Default("x")),), ANYTHING)


def test_a_prompts_own_defaults_make_variables_optional() -> None:
    schema: dict[str, Json] = {
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }
    variables = variables_of(schema, {"b": None})
    assert [each.name for each in variables.required] == ["a"]
    assert variables.optional == (Property("b", STRING, required=False, default=Default(None)),)


def test_variables_without_a_schema_are_any() -> None:
    assert variables_of({}, {}) == Object((), ANYTHING)


def test_variables_of_several_forms_are_passed_as_those_of_one() -> None:
    text: dict[str, Json] = {"type": "string"}
    forms: list[Json] = [
        {"properties": {"a": text, "b": text}, "required": ["a", "b"]},
        {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
    ]
    closed = variables_of({"additionalProperties": False, "anyOf": forms}, {})
    assert closed == Object(
        (Property("a", Union((STRING, INTEGER)), required=True), Property("b", STRING, required=False))
    )


def test_a_union_is_flat_and_holds_each_type_once() -> None:
    assert union([]) == ANYTHING
    assert union([NULL, Union((STRING, NULL)), STRING]) == Union((STRING, NULL))
    assert union([Enum((1,)), Enum((True, 1)), INTEGER]) == Union((Enum((1, True)), INTEGER))
