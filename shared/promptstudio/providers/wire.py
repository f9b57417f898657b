"""JSON to and from providers: bodies as JSON.stringify writes them, answers read without trust."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

import orjson

from promptstudio.errors import AppError
from promptstudio.providers.base import Provider, Setup
from promptstudio.values import Json, dumps

Printed: TypeAlias = Mapping[str, orjson.Fragment]
Members: TypeAlias = "dict[str, Json | orjson.Fragment]"

_SETUPS_KEPT: Final = 4096
_COUNTED: Final = 2**40  # more than anybody can be sent, so that sums stay exact doubles


def cache_printed(members_of: Callable[[Setup], Mapping[str, Json]]) -> Callable[[Setup], Printed]:
    """Have what a setup adds to a body printed once, ECMAScript's way."""

    @lru_cache(maxsize=_SETUPS_KEPT)
    def printed(setup: Setup) -> Printed:
        return {name: orjson.Fragment(dumps(value)) for name, value in members_of(setup).items()}

    return printed


def write_body(members: Members) -> bytes:
    """JSON.stringify(members), as UTF-8, in the order of the members; what is not printed has no floats."""
    return orjson.dumps(members)


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
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= _COUNTED else 0
