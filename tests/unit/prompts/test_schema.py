"""The subset of JSON Schema, and the form that providers accept."""

from typing import Any

import pytest
from hypothesis import given, settings

from promptstudio.prompts.schema import default_problems, schema_problems, wire_schema
from promptstudio.prompts.validate import compile_schema
from promptstudio.providers.instance import smallest
from promptstudio.values import Json
from tests.unit.prompts.schemas import schemas


@pytest.mark.parametrize(
    ("schema", "path", "message"),
    [
        ({"pattern": "a"}, ("pattern",), "the schema keyword pattern is not supported"),
        (
            {"properties": {"a": {"items": {"$ref": "#"}}}},
            ("properties", "a", "items", "$ref"),
            "the schema keyword $ref is not supported",
        ),
        (
            {"anyOf": [{}, {"format": "uri"}]},
            ("anyOf", 1, "format"),
            "the schema keyword format is not supported",
        ),
        (
            {"additionalProperties": {"oneOf": []}},
            ("additionalProperties", "oneOf"),
            "the schema keyword oneOf is not supported",
        ),
        ({"type": "text"}, ("type",), None),
        ({"type": []}, ("type",), None),
        ({"required": "a"}, ("required",), "required has to be a list of names"),
        ({"minLength": -1}, ("minLength",), "minLength has to be a whole number from 0"),
        ({"maxItems": 1.5}, ("maxItems",), "maxItems has to be a whole number from 0"),
        ({"minimum": True}, ("minimum",), "minimum has to be a number"),
        ({"enum": []}, ("enum",), "enum has to be a list of values"),
        ({"properties": {"a": 1}}, ("properties", "a"), "1 is not a schema"),
        ({"items": [{}]}, ("items",), "items has to be a schema"),
        ({"description": 1}, ("description",), "description has to be text"),
    ],
)
def test_what_is_outside_the_subset_is_named_with_its_place(
    schema: dict[str, Json], path: Any, message: str | None
) -> None:
    ((found, said),) = schema_problems(schema)
    assert found == path
    assert message is None or said == message


@settings(deadline=None)
@given(schemas())
def test_the_subset_has_no_problems(schema: dict[str, Json]) -> None:
    assert list(schema_problems(schema)) == []


def test_a_default_has_to_fit_its_own_schema() -> None:
    schema: dict[str, Json] = {
        "properties": {"a": {"type": "string", "default": 1}, "b": {"items": {"enum": [1], "default": 2}}}
    }
    assert list(default_problems(schema)) == [
        (("properties", "a", "default"), "the default: 1 is not a string"),
        (("properties", "b", "items", "default"), "the default: 2 is not one of 1"),
    ]


def test_the_wire_form_requires_every_property_and_lets_optional_ones_be_null() -> None:
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 9, "default": "x", "description": "d"},
            "kind": {"enum": ["a", "b"]},
            "rows": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            "either": {"anyOf": [{"type": "string"}, {"type": "number"}]},
            "fixed": {"const": "x", "description": "d"},
        },
        "required": ["name"],
    }
    wire, strict = wire_schema(schema)
    assert strict
    assert wire == {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "d"},
            "kind": {"type": ["string", "null"], "enum": ["a", "b", None]},
            "rows": {
                "type": ["array", "null"],
                "items": {
                    "type": "object",
                    "properties": {"n": {"type": ["integer", "null"]}},
                    "required": ["n"],
                    "additionalProperties": False,
                },
            },
            "either": {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]},
            "fixed": {"anyOf": [{"type": "string", "const": "x"}, {"type": "null"}], "description": "d"},
        },
        "required": ["name", "kind", "rows", "either", "fixed"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True},
        {"type": "object"},
        {"type": "object", "properties": {"a": {}}},
        {"type": "object", "properties": {"a": {"type": "array"}}},
        {"type": "object", "properties": {}, "required": ["a"], "additionalProperties": False},
        {"type": "array", "items": {"type": "string"}},
        {"type": "string"},
    ],
)
def test_a_schema_without_a_strict_form_goes_as_it_is(schema: dict[str, Json]) -> None:
    assert wire_schema(schema) == (schema, False)


@settings(deadline=None)
@given(schemas())
def test_what_fits_the_wire_form_fits_the_schema(schema: dict[str, Json]) -> None:
    """But for the bounds on a text's length, which are checked only here."""
    wire, strict = wire_schema({"type": "object", "properties": {"x": schema}, "additionalProperties": False})
    if not strict:
        return
    answer = smallest(wire)
    if compile_schema(wire)(answer, "")[1]:
        return  # a schema that nothing fits, or an instance that is not smart enough
    validate = compile_schema({"properties": {"x": schema}}, null_is_absent=True)
    errors = [error.message for error in validate(answer, "")[1]]
    assert all("than" in message and "characters" in message for message in errors)
