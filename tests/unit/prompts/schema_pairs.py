"""Hypothesis strategies: pairs of schemas of which one was made from the other, and values for them."""

from typing import Any

from hypothesis import strategies as st

from promptstudio.prompts.schema import default_problems, schema_problems
from promptstudio.values import Json, normalize
from tests.unit.prompts.schemas import NAMES, VALUES, schemas

KEYWORDS = ["type", "enum", "const", "anyOf", "minimum", "maximum", "minLength", "maxLength"]


@st.composite
def schemas_with_defaults(draw: st.DrawFn) -> dict[str, Json]:
    """A schema that compiles, with defaults here and there."""
    schema = _with_defaults(draw, draw(schemas() | objects()))
    return schema if not list(default_problems(schema)) else _without(schema)


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Json]:
    """What most input and output schemas look like."""
    properties: Any = draw(st.dictionaries(NAMES, schemas(1), max_size=3))
    names = sorted(properties)
    return {
        "type": "object",
        "properties": properties,
        "required": draw(st.lists(st.sampled_from(names), unique=True)) if names else [],
        "additionalProperties": draw(st.booleans() | schemas(2)),
    }


@st.composite
def schema_pairs(draw: st.DrawFn) -> tuple[dict[str, Json], dict[str, Json]]:
    """Two schemas, mostly akin, each of which compiles."""
    one = draw(schemas_with_defaults())
    other = draw(st.just(_changed(draw, one)) | schemas_with_defaults())
    if list(schema_problems(other)) or list(default_problems(other)):
        other = _without(other)
    if list(schema_problems(other)):
        other = one
    return (one, other) if draw(st.booleans()) else (other, one)


def values(*parts: dict[str, Json]) -> st.SearchStrategy[Any]:
    """Values that look as one of the schemas asks."""
    return st.one_of(VALUES, *(_fitting(schema) for schema in parts)).map(normalize)


def _with_defaults(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Json]:
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {
            name: _with_defaults(draw, member) | _maybe_default(draw, member)
            for name, member in schema["properties"].items()
        }
    if "items" in schema:
        result["items"] = _with_defaults(draw, schema["items"])
    return result


def _maybe_default(draw: st.DrawFn, member: dict[str, Any]) -> dict[str, Json]:
    return {"default": normalize(draw(_fitting(member)))} if draw(st.integers(0, 2)) == 0 else {}


def _without(schema: Any) -> Any:
    """The schema without defaults."""
    if isinstance(schema, dict):
        return {name: _without(value) for name, value in schema.items() if name != "default"}
    return [_without(item) for item in schema] if isinstance(schema, list) else schema


def _changed(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Json]:
    """The schema with one or two things done to it, somewhere."""
    result = dict(schema)
    for _ in range(draw(st.integers(1, 2))):
        result = _changed_once(draw, result)
    return result


def _changed_once(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Json]:
    changes = ["drop", "add"]
    if schema.get("properties"):
        changes += ["member", "member", "required", "default"]
    if "items" in schema:
        changes.append("items")
    change = draw(st.sampled_from(changes))
    if change == "drop":
        dropped = draw(st.sampled_from(sorted(schema))) if schema else None
        return {name: value for name, value in schema.items() if name != dropped}
    if change == "add":
        return {**schema, **draw(schemas(1))}
    if change == "items":
        return {**schema, "items": _changed_once(draw, schema["items"])}
    name = draw(st.sampled_from(sorted(schema["properties"])))
    if change == "required":
        required = set(schema.get("required", [])) ^ {name}
        return {**schema, "required": sorted(required)}
    member = schema["properties"][name]
    changed = _changed_once(draw, member) if change == "member" else member | _maybe_default(draw, member)
    return {**schema, "properties": {**schema["properties"], name: changed}}


def _fitting(schema: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of the shape that a schema has; bounds are left to chance."""
    if not isinstance(schema, dict) or depth > 3:
        return VALUES
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    options: list[st.SearchStrategy[Any]] = [_fitting(each, depth + 1) for each in schema.get("anyOf", [])]
    if "properties" in schema or "required" in schema:
        members = {name: _fitting(member, depth + 1) for name, member in schema.get("properties", {}).items()}
        required = {name: members.pop(name, VALUES) for name in schema.get("required", [])}
        options.append(st.fixed_dictionaries(required, optional=members))
    if "items" in schema:
        options.append(st.lists(_fitting(schema["items"], depth + 1), max_size=3))
    return st.one_of(*options) if options else VALUES
