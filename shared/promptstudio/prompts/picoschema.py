"""Picoschema, Dotprompt's short way to write a schema, to JSON Schema 2020-12."""

from collections.abc import Mapping
from typing import Final

from promptstudio.values import Json, dumps

Path = tuple[str | int, ...]

_SCALARS: Final = frozenset({"any", "boolean", "integer", "null", "number", "string"})
_JSON_SCHEMA_TYPES: Final = _SCALARS | {"object", "array"}
_WILDCARD: Final = "(*)"


class PicoschemaError(Exception):
    """What is not Picoschema. `path` leads to it, from the schema's top."""

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


def is_json_schema(value: Json) -> bool:
    """Whether a front matter's schema is written as JSON Schema, by its `type` or `properties`."""
    if not isinstance(value, Mapping):
        return False
    kind = value.get("type")
    listed = isinstance(kind, list) and all(
        isinstance(name, str) and name in _JSON_SCHEMA_TYPES for name in kind
    )
    named = isinstance(kind, str) and kind in _JSON_SCHEMA_TYPES
    return named or listed or isinstance(value.get("properties"), Mapping)


def to_json_schema(value: Json, named: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
    """The schema that a front matter's `schema` means: Picoschema, JSON Schema as it stands, or a name.

    `named` holds schemas that may be referred to by name. Raises PicoschemaError.
    """
    if isinstance(value, Mapping) and is_json_schema(value):
        return dict(value) if "type" in value else {**value, "type": "object"}
    return _parse(value, named, ())


def _parse(value: Json, named: Mapping[str, Mapping[str, Json]], path: Path) -> dict[str, Json]:
    if isinstance(value, str):
        return _scalar(value, named, path)
    if isinstance(value, Mapping):
        return _object(value, named, path)
    raise PicoschemaError(f"{dumps(value)} is neither the name of a type nor an object of properties", path)


def _scalar(text: str, named: Mapping[str, Mapping[str, Json]], path: Path) -> dict[str, Json]:
    kind, description = _described(text)
    if kind in named:
        schema = dict(named[kind])
    elif kind == "any":
        schema = {}
    elif kind in _SCALARS:
        schema = {"type": kind}
    else:
        known = ", ".join(sorted({*_SCALARS, *named}))
        raise PicoschemaError(f"there is no type {kind}; there are {known}", path)
    return schema | {"description": description} if description else schema


def _described(text: str) -> tuple[str, str]:
    """`type, description` taken apart at the first comma."""
    kind, _, description = text.partition(",")
    return kind, description.lstrip(" ")


def _object(
    members: Mapping[str, Json], named: Mapping[str, Mapping[str, Json]], path: Path
) -> dict[str, Json]:
    properties: dict[str, Json] = {}
    required: list[Json] = []
    additional: Json = False
    for key, value in members.items():
        if key == _WILDCARD:
            additional = _parse(value, named, (*path, key))
            continue
        head, _, annotation = key.partition("(")
        name = head.removesuffix("?")
        if name in properties:
            raise PicoschemaError(f"the property {name} stands here twice", (*path, key))
        properties[name] = _property(head.endswith("?"), annotation, value, named, (*path, key))
        if not head.endswith("?"):
            required.append(name)
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema | {"additionalProperties": additional}


def _property(
    optional: bool, annotation: str, value: Json, named: Mapping[str, Mapping[str, Json]], path: Path
) -> dict[str, Json]:
    """One property. Where it may be left out, null is taken as well."""
    kind, description = _described(annotation.removesuffix(")"))
    if kind == "enum":
        schema = _enum(value, optional, path)
    elif kind == "array":
        schema = {"type": "array", "items": _parse(value, named, path)}
    elif kind in ("", "object"):
        schema = _parse(value, named, path)
    else:
        raise PicoschemaError(f"({kind}) is none of (array), (enum) and (object)", path)
    if optional and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    return schema | {"description": description} if description else schema


def _enum(value: Json, optional: bool, path: Path) -> dict[str, Json]:
    if not isinstance(value, list) or not value:
        raise PicoschemaError("an enum needs a list of its values", path)
    return {"enum": [*value, None] if optional and None not in value else list(value)}
