from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptstudio.prompts.validate import compile_schema
from promptstudio.providers.instance import smallest
from promptstudio.values import Json, dumps
from tests.unit.providers.runtimes import TypeScript

Schema = dict[str, Any]

bounds = st.integers(0, 6)


def between(least: str, most: str) -> st.SearchStrategy[Schema]:
    """Two bounds, each there or not, that leave something between them."""
    pair = st.tuples(bounds, bounds).map(sorted)
    names = st.sets(st.sampled_from([least, most]))
    return st.builds(
        lambda ends, kept: {name: end for name, end in zip((least, most), ends, strict=True) if name in kept},
        pair,
        names,
    )


def nullable(schema: Schema) -> Schema:
    return {**schema, "type": ["null", schema["type"]]}


def object_of(properties: dict[str, Schema], required: set[str], closed: bool) -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": properties,
        "required": sorted(required & set(properties)),
    }
    return {**schema, "additionalProperties": False} if closed else schema


plain = st.one_of(
    st.sampled_from(
        [{"type": "boolean"}, {"type": "null"}, {}, {"enum": [None, "a", 1]}, {"const": {"a": [1]}}]
    ),
    between("minLength", "maxLength").map(lambda ends: {"type": "string", **ends}),
    between("minimum", "maximum").map(lambda ends: {"type": "integer", **ends}),
    between("minimum", "maximum").map(lambda ends: {"type": "number", **ends}),
    st.floats(-9, -0.5).map(lambda most: {"type": "number", "maximum": most}),
    st.floats(-9.5, 9.5).map(lambda least: {"type": "integer", "minimum": least}),
)
schemas: st.SearchStrategy[Schema] = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.builds(
            lambda items, ends: {"type": "array", "items": items, **ends},
            inner,
            between("minItems", "maxItems"),
        ),
        st.builds(
            object_of,
            st.dictionaries(st.sampled_from(["a", "b", "10", "9", "__proto__"]), inner, max_size=4),
            st.sets(st.sampled_from(["a", "b", "9"])),
            st.booleans(),
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda forms: {"anyOf": [{"type": "null"}, *forms]}),
        inner.filter(lambda schema: isinstance(schema.get("type"), str)).map(nullable),
    ),
    max_leaves=6,
)


@given(schemas)
@settings(deadline=None)
def test_the_smallest_instance_fits_its_schema(schema: Schema) -> None:
    instance = smallest(schema)
    assert compile_schema(schema)(instance, "") == (instance, [])


@given(schemas)
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.needs("node")
def test_both_runtimes_find_the_same_instance(node: TypeScript, schema: Schema) -> None:
    message = {"role": "user", "content": [{"text": "x"}]}
    call = {"type": "echo", "model": "echo", "messages": [message], "config": {}, "stream": False}
    request = node.build_request("echo", {**call, "output": {"format": "json", "schema": schema}})
    assert node.parse("echo", request["body"].encode())["text"] == dumps(smallest(schema))


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        ({"enum": ["positive", "negative"]}, "positive"),
        ({"enum": [None]}, None),
        ({"type": ["null", "string"]}, "echo"),
        ({"type": "string", "maxLength": 2}, "ec"),
        ({"type": "string", "minLength": 9}, "echoechoe"),
        ({"type": "string", "minLength": 10**12}, "echo" * 250),
        ({"type": "array", "minItems": 10**9}, ["echo"] * 1000),
        ({"type": "integer", "minimum": 1.5}, 2),
        ({"type": "integer", "maximum": -1.5}, -2),
        ({"type": "number", "minimum": -5}, -5),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [False, False]),
        ({"type": "array", "items": {"type": "boolean"}}, []),
        ({"properties": {"b": {}, "a": {"type": "null"}}}, {"b": "echo", "a": None}),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}], "minimum": 3}, 3),
    ],
)
def test_what_a_schema_says_is_what_it_gets(schema: Schema, instance: Json) -> None:
    assert smallest(schema) == instance
