"""Picoschema to JSON Schema, with Dotprompt's own cases where they are at hand."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from promptstudio.prompts.file import parse_file
from promptstudio.prompts.picoschema import PicoschemaError, to_json_schema
from promptstudio.values import Json

SPEC = Path(os.environ.get("DOTPROMPT_SPEC", Path(__file__).parents[4] / "shared/conformance/dotprompt"))


def spec_cases() -> list[Any]:
    path = SPEC / "picoschema.yaml"
    if not path.is_file():
        skip = pytest.mark.skip(reason="needs Dotprompt's specification: name its folder in DOTPROMPT_SPEC")
        return [pytest.param({}, marks=skip)]
    return [pytest.param(case, id=case["name"]) for case in yaml.safe_load(path.read_text())]


def unordered(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: sorted(value) if key == "required" else unordered(value) for key, value in schema.items()
        }
    return schema


@pytest.mark.parametrize("case", spec_cases())
def test_dotprompts_specification(case: dict[str, Any]) -> None:
    file = parse_file(case["template"], "spec.prompt")
    for test in case["tests"]:
        for parent in ("input", "output"):
            if parent in test["expect"]:
                written: Any = file.metadata[parent]
                schema = to_json_schema(written["schema"], case.get("schemas", {}))
                assert unordered(schema) == unordered(test["expect"][parent]["schema"])


@pytest.mark.parametrize(
    ("written", "schema"),
    [
        ("any, whatever", {"description": "whatever"}),
        ("string,", {"type": "string"}),
        ({"type": ["object", "null"]}, {"type": ["object", "null"]}),
        ({"type": "object", "description": "x"}, {"type": "object", "description": "x"}),
        ({"a(array, some (or all))": "null"}, "some (or all)"),
    ],
)
def test_what_the_specification_leaves_open(written: Json, schema: Any) -> None:
    found: Any = to_json_schema(written, {})
    assert (found["properties"]["a"]["description"] if isinstance(schema, str) else found) == schema


def test_properties_keep_their_order() -> None:
    schema: Any = to_json_schema({"b": "string", "a?": "string", "c": "string"}, {})
    assert list(schema["properties"]) == ["b", "a", "c"]
    assert schema["required"] == ["b", "c"]


def test_an_optional_enum_that_has_null_gets_no_other() -> None:
    schema: Any = to_json_schema({"a?(enum)": [None, "x"]}, {})
    assert schema["properties"]["a"] == {"enum": [None, "x"]}


TYPES = "any, boolean, integer, null, number, string"


@pytest.mark.parametrize(
    ("written", "message", "path"),
    [
        ({"a": "strng"}, f"there is no type strng; there are {TYPES}", ("a",)),
        ("Recipe, one", f"there is no type Recipe; there are {TYPES}", ()),
        ({"a": {"b": None}}, "null is neither the name of a type nor an object of properties", ("a", "b")),
        ({"a": 5}, "5 is neither the name of a type nor an object of properties", ("a",)),
        ({"a(map)": "string"}, "(map) is none of (array), (enum) and (object)", ("a(map)",)),
        ({"a(enum)": "x"}, "an enum needs a list of its values", ("a(enum)",)),
        (
            {"type": [{}, "string"]},
            '[{},"string"] is neither the name of a type nor an object of properties',
            ("type",),
        ),
        ({"a(enum)": []}, "an enum needs a list of its values", ("a(enum)",)),
        ({"a": "string", "a?": "string"}, "the property a stands here twice", ("a?",)),
        ({"(*)": {"x(array)": "text"}}, f"there is no type text; there are {TYPES}", ("(*)", "x(array)")),
    ],
)
def test_what_is_not_picoschema_is_named_with_its_place(written: Json, message: str, path: Any) -> None:
    with pytest.raises(PicoschemaError) as raised:
        to_json_schema(written, {})
    assert (raised.value.message, raised.value.path) == (message, path)
