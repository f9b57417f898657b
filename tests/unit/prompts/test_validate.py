"""Values against schemas: readable errors at JSON pointers, defaults, and an oracle that agrees."""

from typing import Any

import pytest
from hypothesis import given, settings

from promptstudio.errors import FieldError
from promptstudio.prompts.validate import compile_schema
from promptstudio.values import Json, same
from tests.unit.prompts.schemas import schemas_with_values

STYLES: dict[str, Json] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "style": {"enum": ["plain", "bullet", "headline"]},
    },
    "required": ["text"],
    "additionalProperties": False,
}


def errors_of(schema: dict[str, Json], value: Json, pointer: str = "") -> list[str]:
    return [repr(error) for error in compile_schema(schema)(value, pointer)[1]]


def test_errors_read_well() -> None:
    assert errors_of(STYLES, {"text": "a", "style": "loud"}, "/variables") == [
        '/variables/style: "loud" is not one of plain, bullet, headline'
    ]


def test_all_errors_are_told_in_the_order_of_their_pointers() -> None:
    value: Json = {"style": 1, "zebra": 1, "apple": 1}
    assert errors_of(STYLES, value, "/variables") == [
        "/variables/apple: is not a property of this object",
        "/variables/style: 1 is not one of plain, bullet, headline",
        "/variables/text: is required",
        "/variables/zebra: is not a property of this object",
    ]


def test_pointers_are_ordered_by_code_points() -> None:
    schema: dict[str, Json] = {"additionalProperties": False}
    assert [error[1] for error in errors_of(schema, {"\U0001f600": 1, "\uffff": 1, "a": 1})] == [
        "a",
        "\uffff",
        "\U0001f600",
    ]


def test_unknown_variables_are_named_as_such_at_the_top_alone() -> None:
    schema: dict[str, Json] = {"properties": {"a": STYLES}, "additionalProperties": False}
    _, errors = compile_schema(schema, unknown="unknown_variable")({"b": 1, "a": {"text": "", "c": 1}}, "")
    assert errors == [
        FieldError("/a/c", "is not a property of this object"),
        FieldError("/b", "is not a variable of this prompt"),
    ]


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": "string"}, 1, "1 is not a string"),
        ({"type": "boolean"}, "true", '"true" is not true or false'),
        ({"type": "integer"}, 1.5, "1.5 is not an integer"),
        ({"type": "integer"}, True, "true is not an integer"),
        ({"type": "number"}, False, "false is not a number"),
        ({"type": ["null", "string", "array"]}, {}, "{} is not a string or an array or null"),
        ({"const": "a"}, "b", '"b" is not "a"'),
        ({"const": True}, 1, "1 is not true"),
        ({"enum": ["a", 1, None]}, [], "[] is not one of a, 1, null"),
        ({"enum": [1]}, True, "true is not one of 1"),
        ({"minimum": 1}, 0.5, "0.5 is less than 1"),
        ({"maximum": 1e21}, 1e22, "1e+22 is more than 1e+21"),
        ({"minLength": 2}, "\U0001f600", "is shorter than 2 characters"),
        ({"maxLength": 1}, "ab", "is longer than 1 characters"),
        ({"minItems": 1}, [], "has fewer than 1 items"),
        ({"maxItems": 1}, [1, 2], "has more than 1 items"),
        ({"anyOf": [{"type": "string"}, {"minimum": 1}]}, 0, "0 fits none of the allowed forms"),
        ({"type": "string", "enum": ["a"]}, 1, "1 is not a string"),
        ({"type": "string"}, ["x" * 50], f'["{"x" * 38}… is not a string'),
    ],
)
def test_each_keyword_has_its_sentence(schema: dict[str, Json], value: Json, message: str) -> None:
    assert errors_of(schema, value) == [f": {message}"]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({}, {"anything": [None]}),
        ({"type": "integer"}, 1e300),
        ({"type": "number"}, 1),
        ({"minimum": 5, "minLength": 5, "minItems": 5}, True),
        ({"maxLength": 1}, "\U0001f600"),
        ({"enum": [{"a": [1]}]}, {"a": [1]}),
        ({"properties": {"a": {"type": "string"}}, "required": ["a"]}, "not an object"),
        ({"additionalProperties": {"type": "integer"}}, {"x": 1}),
        ({"properties": {"__proto__": {"type": "string"}}, "required": ["__proto__"]}, {"__proto__": "x"}),
    ],
)
def test_what_fits_has_no_errors(schema: dict[str, Json], value: Json) -> None:
    assert errors_of(schema, value) == []


def test_pointers_go_through_arrays_and_escape_names() -> None:
    schema: dict[str, Json] = {"items": {"additionalProperties": {"type": "string"}}}
    assert errors_of(schema, [{"a/b~c": 1}]) == ["/0/a~1b~0c: 1 is not a string"]


def test_no_more_errors_are_listed_than_the_protocol_bounds() -> None:
    errors = errors_of({"items": {"type": "string"}}, list(range(1000)))
    assert len(errors) == 100
    assert errors[:3] == ["/0: 0 is not a string", "/1: 1 is not a string", "/10: 10 is not a string"]


def test_defaults_are_filled_in_wherever_properties_and_items_lead() -> None:
    schema: dict[str, Json] = {
        "properties": {
            "style": {"type": "string", "default": "plain"},
            "rows": {"items": {"properties": {"n": {"default": 1}}}},
        },
        "required": ["style"],
    }
    value, errors = compile_schema(schema)({"rows": [{}, {"n": 2}, 3]}, "")
    assert (value, errors) == ({"rows": [{"n": 1}, {"n": 2}, 3], "style": "plain"}, [])


def test_defaults_leave_the_value_that_was_given_alone() -> None:
    given: Json = {"a": {}}
    schema: dict[str, Json] = {"properties": {"a": {"properties": {"b": {"default": 1}}}}}
    assert compile_schema(schema)(given, "")[0] == {"a": {"b": 1}}
    assert given == {"a": {}}


def test_null_is_a_value_and_takes_no_default() -> None:
    schema: dict[str, Json] = {"properties": {"a": {"type": ["string", "null"], "default": "x"}}}
    assert compile_schema(schema)({"a": None}, "")[0] == {"a": None}


def test_a_null_may_stand_for_an_optional_property_that_takes_none() -> None:
    schema: dict[str, Json] = {
        "properties": {
            "optional": {"type": "string"},
            "nullable": {"type": ["string", "null"]},
            "needed": {"type": "string"},
            "rows": {"items": {"properties": {"n": {"enum": [1]}}}},
        },
        "required": ["needed"],
    }
    given: Json = {"optional": None, "nullable": None, "needed": None, "rows": [{"n": None}]}
    value, errors = compile_schema(schema, null_is_absent=True)(given, "")
    assert value == {"nullable": None, "needed": None, "rows": [{}]}
    assert errors == [FieldError("/needed", "null is not a string")]


@settings(deadline=None)
@given(schemas_with_values())
def test_an_independent_oracle_agrees(case: tuple[dict[str, Json], Json]) -> None:
    schema, value = case
    assert (errors_of(schema, value) == []) == fits(schema, value)


TYPES: dict[str, Any] = {
    "null": lambda value: value is None,
    "boolean": lambda value: value in (True, False) and isinstance(value, bool),
    "integer": lambda value: TYPES["number"](value) and float(value).is_integer(),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def fits(schema: Any, value: Any) -> bool:
    """JSON Schema 2020-12 read off its text, keyword by keyword."""
    return all(KEYWORDS[keyword](schema[keyword], value, schema) for keyword in schema)


KEYWORDS: dict[str, Any] = {
    "type": lambda names, value, _: any(
        TYPES[name](value) for name in ([names] if isinstance(names, str) else names)
    ),
    "enum": lambda members, value, _: any(same(member, value) for member in members),
    "const": lambda constant, value, _: same(constant, value),
    "minimum": lambda limit, value, _: not TYPES["number"](value) or value >= limit,
    "maximum": lambda limit, value, _: not TYPES["number"](value) or value <= limit,
    "minLength": lambda limit, value, _: not isinstance(value, str) or len(value) >= limit,
    "maxLength": lambda limit, value, _: not isinstance(value, str) or len(value) <= limit,
    "minItems": lambda limit, value, _: not isinstance(value, list) or len(value) >= limit,
    "maxItems": lambda limit, value, _: not isinstance(value, list) or len(value) <= limit,
    "items": lambda inner, value, _: not isinstance(value, list) or all(fits(inner, item) for item in value),
    "anyOf": lambda forms, value, _: any(fits(form, value) for form in forms),
    "required": lambda names, value, _: not isinstance(value, dict) or set(names) <= set(value),
    "properties": lambda inner, value, _: (
        not isinstance(value, dict) or all(fits(inner[name], value[name]) for name in inner if name in value)
    ),
    "additionalProperties": lambda inner, value, schema: (
        not isinstance(value, dict)
        or all(
            inner if isinstance(inner, bool) else fits(inner, value[name])
            for name in value
            if name not in schema.get("properties", {})
        )
    ),
}
