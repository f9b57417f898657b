"""Whether one schema's values all fit another: a table of cases, and an oracle that tries values."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio.prompts.contract import without_defaults
from promptstudio.prompts.subschema import misfits
from promptstudio.prompts.validate import compile_schema
from promptstudio.values import Json
from tests.unit.prompts.schema_pairs import schema_pairs, values
from tests.unit.prompts.schemas import schemas

Object = dict[str, Json]

TEXT: Object = {"type": "string"}
CLOSED: Object = {"type": "object", "properties": {"a": TEXT}, "additionalProperties": False}
TAGGED: Any = [
    {"type": "object", "properties": {"kind": {"const": kind}, "x": TEXT}, "required": ["kind"]}
    for kind in ("a", "b")
]


def said(narrow: Object, wide: Object) -> list[str]:
    return [f"{'.'.join(each.path)}: {each.kind} {each.detail}".strip() for each in misfits(narrow, wide)]


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (TEXT, {}),
        (TEXT, {"type": ["string", "null"]}),
        ({"type": "integer"}, {"type": "number"}),
        ({"type": ["integer", "string"]}, {"type": ["number", "string"]}),
        ({"enum": ["a", None]}, {"type": ["string", "null"]}),
        ({"const": 2}, {"type": "integer", "minimum": 1, "maximum": 3}),
        ({"enum": ["a", "bcd"], "maxLength": 1}, {"const": "a"}),
        ({"type": "boolean"}, {"enum": [True, False]}),
        ({"type": "null"}, {"const": None}),
        ({"minimum": 2, "type": "number"}, {"minimum": 1}),
        (TEXT, {"minimum": 1, "maxItems": 0}),
        (TEXT, {"minLength": 0}),
        ({"type": "array", "maxItems": 0}, {"items": TEXT}),
        ({"type": "array", "items": {"enum": ["a"]}}, {"type": "array", "items": TEXT}),
        (CLOSED, {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "additionalProperties": False}),
        (CLOSED, {"type": "object", "additionalProperties": TEXT}),
        ({"required": ["a", "b"], "type": "object"}, {"required": ["b"]}),
        ({"type": "object", "properties": {"a": TEXT}, "required": ["a"]}, {"required": ["a"]}),
        ({"anyOf": [TEXT, {"type": "null"}]}, {"type": ["null", "string"]}),
        (TEXT, {"anyOf": [{"type": "number"}, TEXT]}),
        ({"type": ["string", "number"]}, {"anyOf": [{"type": "number"}, TEXT]}),
        ({"anyOf": TAGGED[:1]}, {"anyOf": TAGGED}),
        ({"anyOf": TAGGED}, {"anyOf": TAGGED[::-1]}),
        ({"anyOf": [{"anyOf": [{"minimum": 3}, {"minimum": 4}]}], "type": "number"}, {"minimum": 3}),
        ({"anyOf": [{}, {}], "type": "string"}, TEXT),
    ],
)
def test_what_fits_wholly_has_no_misfits(narrow: Object, wide: Object) -> None:
    assert said(narrow, wide) == []


@pytest.mark.parametrize(
    ("narrow", "wide", "found"),
    [
        ({"type": ["string", "null"]}, TEXT, [": type null"]),
        ({"type": "number"}, {"type": "integer"}, [": type number"]),
        ({"enum": ["a", "b"]}, {"enum": ["a", "c"]}, [': value "b"']),
        ({"const": 1}, TEXT, [": value 1"]),
        ({"const": True}, {"const": 1}, [": value true"]),
        (TEXT, {"enum": ["a"]}, [": choice"]),
        ({"type": "boolean"}, {"const": True}, [": value false"]),
        ({"type": "number"}, {"minimum": 1}, [": limit minimum 1"]),
        ({"type": "string", "maxLength": 9}, {"type": "string", "maxLength": 8}, [": limit maxLength 8"]),
        ({"type": "array"}, {"items": TEXT, "type": "array", "minItems": 1}, [": limit minItems 1"]),
        ({"type": "array", "items": {}}, {"type": "array", "items": {"enum": [1]}}, ["[]: choice"]),
        ({"type": "object"}, {"required": ["a"]}, ["a: required"]),
        ({"type": "object"}, CLOSED, ["a: type null", "*: refused"]),
        (
            {"type": "object", "properties": {"b": TEXT}, "additionalProperties": False},
            CLOSED,
            ["b: refused"],
        ),
        (CLOSED, {"additionalProperties": {"type": ["number"]}}, ["a: type string"]),
        ({"anyOf": TAGGED}, {"anyOf": TAGGED[:1]}, ['kind: value "b"']),
        ({"anyOf": [TEXT, {"type": "number"}]}, TEXT, [": type number"]),
        ({"type": "string"}, {"anyOf": [{"maxLength": 3}, {"minLength": 2}]}, [": unclear"]),
    ],
)
def test_a_misfit_says_where_and_why(narrow: Object, wide: Object, found: list[str]) -> None:
    assert [line for line in said(narrow, wide) if "type" not in line or line in found][: len(found)] == found
    assert misfits(narrow, wide)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_where_nothing_is_found_every_value_fits(data: st.DataObject) -> None:
    narrow, wide = (without_defaults(schema) for schema in data.draw(schema_pairs()))
    if misfits(narrow, wide):
        return
    for value in data.draw(st.lists(values(narrow), max_size=5)):
        assert compile_schema(narrow)(value, "")[1] or not compile_schema(wide)(value, "")[1]


@settings(max_examples=150, deadline=None)
@given(schemas())
def test_every_schema_fits_itself_however_it_is_ordered(schema: Object) -> None:
    assert misfits(schema, {"anyOf": [schema]}) == []
    assert misfits({"anyOf": [schema]}, schema) == []


def test_what_would_take_too_long_is_unclear() -> None:
    branch: Object = {"anyOf": [{"minLength": number} for number in range(3)]}
    conjunction: Object = {"type": "object", "properties": {"a": TEXT}}
    for _ in range(5):
        conjunction = {"anyOf": [conjunction, conjunction, branch]}
    assert said(conjunction, {"type": "object"}) == [": unclear"]
    assert said({"enum": list(range(2000))}, {"minimum": 0}) == [": unclear"]


def test_schemas_as_deep_as_they_may_be_are_compared() -> None:
    deep: Object = TEXT
    for _ in range(60):
        deep = {"type": "array", "items": deep}
    assert misfits(deep, {"type": "array", "items": {**deep["items"], "maxItems": 3}})  # type: ignore[dict-item]
