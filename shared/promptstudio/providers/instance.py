"""The smallest value that fits a JSON Schema: what the echo answers when a prompt promises JSON."""

import math
from collections.abc import Mapping
from typing import Final

from promptstudio.errors import BOUNDS
from promptstudio.values import Json, in_key_order

_WORD: Final = "echo"


def smallest(schema: Mapping[str, Json]) -> Json:
    """An instance of the schema, with every property; null only where nothing else is allowed."""
    if "const" in schema:
        return schema["const"]
    enum = schema.get("enum")
    if isinstance(enum, list) and enum:
        return next((value for value in enum if value is not None), None)
    forms = schema.get("anyOf")
    if isinstance(forms, list) and forms:
        return smallest(_merged(schema, forms))
    return _of_type(_type(schema), schema)


def _merged(schema: Mapping[str, Json], forms: list[Json]) -> dict[str, Json]:
    """The first form that is not null, with the keywords that stand beside anyOf."""
    objects = [form for form in forms if isinstance(form, dict)]
    form = next((form for form in objects if _type(form) != "null"), {"type": "null"})
    return {keyword: value for keyword, value in schema.items() if keyword != "anyOf"} | form


def _type(schema: Mapping[str, Json]) -> str:
    named = schema.get("type")
    if isinstance(named, list):
        named = next((name for name in named if name != "null"), "null")
    if isinstance(named, str):
        return named
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "string"


def _of_type(name: str, schema: Mapping[str, Json]) -> Json:
    if name == "object":
        return _object(schema)
    if name == "array":
        items = schema.get("items")
        item = smallest(items) if isinstance(items, dict) else _WORD
        return [item] * _bound(schema, "minItems", 0)
    if name == "string":
        return _string(schema)
    if name in ("integer", "number"):
        return _number(name, schema)
    return False if name == "boolean" else None


def _object(schema: Mapping[str, Json]) -> Json:
    properties = schema.get("properties")
    others = schema.get("additionalProperties")
    instance: dict[str, Json] = {}
    if isinstance(properties, dict):
        for key, property_ in properties.items():
            instance[key] = smallest(property_) if isinstance(property_, dict) else _WORD
    required = schema.get("required")
    for name in required if isinstance(required, list) else ():
        if isinstance(name, str) and name not in instance:
            instance[name] = smallest(others) if isinstance(others, dict) else _WORD
    return in_key_order(instance)


def _string(schema: Mapping[str, Json]) -> str:
    least = _bound(schema, "minLength", 0)
    most = _bound(schema, "maxLength", max(least, len(_WORD)))
    return (_WORD * (least // len(_WORD) + 1))[: max(least, min(len(_WORD), most))]


def _bound(schema: Mapping[str, Json], keyword: str, default: int) -> int:
    """A length that the schema names, within what an echo is worth."""
    value = schema.get(keyword)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return default
    return min(int(value), BOUNDS["echo_length"])


def _number(name: str, schema: Mapping[str, Json]) -> Json:
    least, most = schema.get("minimum"), schema.get("maximum")
    if isinstance(least, (int, float)):
        return math.ceil(least) if name == "integer" else least
    if isinstance(most, (int, float)) and most < 0:
        return math.floor(most) if name == "integer" else most
    return 0
