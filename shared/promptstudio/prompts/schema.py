"""JSON Schemas as prompts may use them: which keywords, and the form that providers accept."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, cast

from promptstudio.errors import PROTOCOL
from promptstudio.prompts.picoschema import Path
from promptstudio.prompts.validate import Schema, compile_schema, shown
from promptstudio.values import Json, same

Problem = tuple[Path, str]

_KEYWORDS: Final = frozenset(PROTOCOL["schema_keywords"])
_TYPES: Final = tuple(PROTOCOL["type_names"])
_WIRE_DROPPED: Final = frozenset({"default", "minLength", "maxLength"})


def schema_problems(schema: Json, path: Path = ()) -> Iterator[Problem]:
    """Where a JSON Schema leaves the subset of protocol.json, or says what cannot be."""
    if not isinstance(schema, Mapping):
        yield path, f"{shown(schema)} is not a schema"
        return
    for keyword, value in schema.items():
        if keyword not in _KEYWORDS:
            yield (*path, keyword), f"the schema keyword {keyword} is not supported"
            continue
        expected = _EXPECTED[keyword](value)
        if expected:
            yield (*path, keyword), f"{keyword} has to be {expected}"
        else:
            yield from _inner_problems(keyword, value, (*path, keyword))


def _inner_problems(keyword: str, value: Json, path: Path) -> Iterator[Problem]:
    if keyword == "properties":
        for name, member in cast("Schema", value).items():
            yield from schema_problems(member, (*path, name))
    elif keyword == "anyOf":
        for index, branch in enumerate(cast("list[Json]", value)):
            yield from schema_problems(branch, (*path, index))
    elif keyword in ("items", "additionalProperties") and not isinstance(value, bool):
        yield from schema_problems(value, path)


def _expect(description: str, holds: Callable[[Json], bool]) -> Callable[[Json], str]:
    """ "" where a keyword's value is as it should be, else what it should be."""
    return lambda value: "" if holds(value) else description


def _is_type(value: Json) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(name, str) and name in _TYPES for name in names)


def _is_count(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_list(value: Json) -> bool:
    return isinstance(value, list) and bool(value)


def _is_names(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


_COUNT: Final = _expect("a whole number from 0", _is_count)
_NUMBER: Final = _expect("a number", _is_number)
_SCHEMA: Final = _expect("a schema", lambda value: isinstance(value, Mapping))
_ANYTHING: Final = _expect("", lambda value: True)

_EXPECTED: Final[Mapping[str, Callable[[Json], str]]] = {
    "type": _expect(f"one or a list of {', '.join(_TYPES)}", _is_type),
    "properties": _expect("an object of schemas", lambda value: isinstance(value, Mapping)),
    "required": _expect("a list of names", _is_names),
    "additionalProperties": _expect(
        "true, false or a schema", lambda value: isinstance(value, (bool, Mapping))
    ),
    "items": _SCHEMA,
    "enum": _expect("a list of values", _is_list),
    "const": _ANYTHING,
    "minimum": _NUMBER,
    "maximum": _NUMBER,
    "minLength": _COUNT,
    "maxLength": _COUNT,
    "minItems": _COUNT,
    "maxItems": _COUNT,
    "anyOf": _expect("a list of schemas", _is_list),
    "description": _expect("text", lambda value: isinstance(value, str)),
    "default": _ANYTHING,
}


def default_problems(schema: Schema, path: Path = ()) -> Iterator[Problem]:
    """Defaults that do not fit their own schema. The schema is one without `schema_problems`."""
    if "default" in schema:
        for error in compile_schema(schema)(schema["default"], "")[1]:
            yield (*path, "default"), f"the default{error.pointer}: {error.message}"
    for name, member in cast("Mapping[str, Schema]", schema.get("properties", {})).items():
        yield from default_problems(member, (*path, "properties", name))
    if isinstance(schema.get("items"), Mapping):
        yield from default_problems(cast("Schema", schema["items"]), (*path, "items"))


class _OpenSchemaError(Exception):
    """A schema that admits members or values nobody has named: it has no strict form."""


def wire_schema(schema: Schema) -> tuple[dict[str, Json], bool]:
    """The form that providers accept, and whether they may enforce it while the model writes."""
    try:
        strict = _strict(schema)
    except _OpenSchemaError:
        return dict(schema), False
    # Providers take nothing but an object at the top.
    return (strict, True) if strict.get("type") == "object" else (dict(schema), False)


def _strict(schema: Schema) -> dict[str, Json]:
    """Every property required, nothing else admitted, and only what providers can enforce."""
    result: dict[str, Json] = {name: value for name, value in schema.items() if name not in _WIRE_DROPPED}
    if "anyOf" in result:
        result["anyOf"] = [_strict(branch) for branch in cast("list[Schema]", result["anyOf"])]
    elif "type" not in result:
        result = {"type": _types_of(schema), **result}
    if "object" in _listed(result.get("type", [])):
        _close(result, schema)
    if "array" in _listed(result.get("type", [])):
        if "items" not in schema:
            raise _OpenSchemaError
        result["items"] = _strict(cast("Schema", schema["items"]))
    return result


def _close(result: dict[str, Json], schema: Schema) -> None:
    properties = cast("Mapping[str, Schema]", schema.get("properties", {}))
    required = cast("list[str]", schema.get("required", []))
    # An object that leaves additionalProperties open may be answered with one that has none.
    if schema.get("additionalProperties", not properties) is not False or not properties.keys() >= set(
        required
    ):
        raise _OpenSchemaError
    result["properties"] = {
        name: _strict(member) if name in required else _nullable(_strict(member))
        for name, member in properties.items()
    }
    result["required"] = list(properties)
    result["additionalProperties"] = False


def _nullable(schema: dict[str, Json]) -> dict[str, Json]:
    if "const" in schema:
        inner = {name: value for name, value in schema.items() if name != "description"}
        description = {name: value for name, value in schema.items() if name == "description"}
        return {"anyOf": [inner, {"type": "null"}], **description}
    result = dict(schema)
    if "type" in result and "null" not in _listed(result["type"]):
        result["type"] = [*_listed(result["type"]), "null"]
    if "enum" in result and None not in cast("list[Json]", result["enum"]):
        result["enum"] = [*cast("list[Json]", result["enum"]), None]
    branches = cast("list[Json]", result.get("anyOf", []))
    if branches and not any(same(branch, {"type": "null"}) for branch in branches):
        result["anyOf"] = [*branches, {"type": "null"}]
    return result


def _listed(names: Json) -> list[Json]:
    return names if isinstance(names, list) else [names]


def _types_of(schema: Schema) -> Json:
    """The types of an enum's or a constant's values; anything else without a type is open."""
    values = cast("list[Json]", schema.get("enum", [schema["const"]] if "const" in schema else []))
    names = list(dict.fromkeys(_type_of(value) for value in values))
    if not names:
        raise _OpenSchemaError
    return names[0] if len(names) == 1 else cast("Json", names)


def _type_of(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, (int, float)):
        return "number"
    return "array" if isinstance(value, list) else "object"
