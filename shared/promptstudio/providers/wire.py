"""JSON to and from providers: bodies as JSON.stringify writes them, answers read without trust."""

from collections.abc import Mapping
from typing import Final

import orjson

from promptstudio.errors import AppError
from promptstudio.providers.base import Provider
from promptstudio.values import Json, dumps

_COUNTED: Final = 2**40  # more than anybody can be sent, so that sums stay exact doubles


def write_body(members: Mapping[str, Json]) -> bytes:
    """JSON.stringify(members), as UTF-8, in the order of the members.

    Lists, where the long texts are, hold no numbers and take orjson's fast way; what may hold a float is
    printed ECMAScript's way.
    """
    return orjson.dumps(
        {
            name: orjson.Fragment(dumps(value)) if isinstance(value, (float, dict)) else value
            for name, value in members.items()
        }
    )


def read_object(provider: Provider, data: bytes | str) -> dict[str, Json]:
    """A JSON object; anything else is AppError provider_garbage."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = None
    if type(value) is not dict:
        raise AppError("provider_garbage", provider=provider.name)
    return value


def member(value: Json, name: str) -> dict[str, Json]:
    """The object at a name; empty where there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def objects(value: Json) -> list[dict[str, Json]]:
    """The objects in a list; empty where there is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Json) -> str:
    """A string; "" where there is none."""
    return value if isinstance(value, str) else ""


def count(value: Json) -> int:
    """A number of tokens; 0 where there is none to believe."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    return int(value) if 0 <= value <= _COUNTED and value == int(value) else 0
