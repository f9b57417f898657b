"""JSON values as ECMAScript sees them, so that the Python and the TypeScript runtime agree byte for byte.

In its normal form a number is an `int` where ECMAScript prints it without point or exponent and it is
exact (up to 2**53), otherwise a `float`; an object's keys stand in ECMAScript order (array indices first,
ascending, then the others as they came).
"""

import json
import re
from typing import Final, TypeAlias

import orjson

from promptstudio.errors import BOUNDS

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_EXACT: Final = 2**53
_INDEX_MAX: Final = 2**32 - 2  # ECMA-262, "array index"
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BOM: Final = b"\xef\xbb\xbf"


class InvalidJsonError(ValueError):
    """Text that is not JSON as we take it. `problem` is a row of protocol.json's `problems`."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def loads(data: bytes) -> Json:
    """Parse UTF-8 JSON into the normal form; raises InvalidJsonError."""
    try:
        return normalize(orjson.loads(data))
    except orjson.JSONDecodeError:
        return _loads_slowly(data)


def normalize(value: Json, depth: int = 1) -> Json:
    """The normal form of a tree of JSON values, which it may change in place."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value
    if kind is dict:
        return _normal_object(value, depth)  # type: ignore[arg-type]
    if kind is list:
        return _normal_array(value, depth)  # type: ignore[arg-type]
    return _normal_number(value)  # type: ignore[arg-type]


def _normal_object(members: dict[str, Json], depth: int) -> dict[str, Json]:
    if depth > BOUNDS["json_depth"]:
        raise InvalidJsonError("body_depth")
    indices = False
    for key, member in members.items():
        if key[:1].isdigit():
            indices = indices or _is_index(key)
        if type(member) is not str:
            members[key] = normalize(member, depth + 1)
    return in_key_order(members) if indices else members


def _normal_array(items: list[Json], depth: int) -> list[Json]:
    if depth > BOUNDS["json_depth"]:
        raise InvalidJsonError("body_depth")
    for index, item in enumerate(items):
        if type(item) is not str:
            items[index] = normalize(item, depth + 1)
    return items


def _normal_number(number: float) -> float:
    if type(number) is int and -_EXACT <= number <= _EXACT:
        return number
    try:
        double = float(number)
    except OverflowError:
        raise InvalidJsonError("body_number") from None
    if double != double or double in (float("inf"), float("-inf")):
        raise InvalidJsonError("body_number")
    return int(double) if double.is_integer() and -_EXACT <= double <= _EXACT else double


def _is_index(key: str) -> bool:
    return key.isascii() and key.isdecimal() and (key == "0" or key[0] != "0") and int(key) <= _INDEX_MAX


def in_key_order(members: dict[str, Json]) -> dict[str, Json]:
    """The same members in the order in which ECMAScript enumerates them."""
    indices = sorted((key for key in members if key[:1].isdigit() and _is_index(key)), key=int)
    if not indices:
        return members
    first = dict.fromkeys(indices)
    return {key: members[key] for key in (*indices, *(key for key in members if key not in first))}


def _loads_slowly(data: bytes) -> Json:
    """What orjson refuses, with the problem it has: encoding, mark, depth, syntax, number or surrogate.

    They are looked for in that order. What a later member of the same name replaced is no problem.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InvalidJsonError("body_not_json") from None
    if data.startswith(_BOM):
        raise InvalidJsonError("body_bom")
    if _lexical_depth(data) > BOUNDS["json_depth"]:
        raise InvalidJsonError("body_depth")
    try:
        value: Json = json.loads(text, parse_int=float, parse_constant=_refuse_constant)
    except ValueError:
        raise InvalidJsonError("body_not_json") from None
    value = normalize(value)
    try:
        dumps(value)
    except orjson.JSONEncodeError:
        raise InvalidJsonError("body_surrogate") from None
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _lexical_depth(data: bytes) -> int:
    depth = deepest = 0
    for bracket in re.findall(rb"[\[\]{}]", _STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def number_text(number: float) -> str:
    """A number as ECMAScript's Number::toString prints it."""
    if type(number) is int and -(10**21) < number < 10**21:
        return str(number)
    mantissa, _, exponent = repr(float(number)).partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if not digits:
        return "0"
    return ("-" if mantissa.startswith("-") else "") + _place_point(digits, point)


def _place_point(digits: str, point: int) -> str:
    if len(digits) <= point <= 21:
        return digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    head = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{head}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def dumps(value: Json, indent: str = "") -> str:
    """JSON.stringify(value, null, indent)."""
    return _write(value, indent, "\n" if indent else "")


def _write(value: Json, indent: str, line: str) -> str:
    if isinstance(value, str):
        return orjson.dumps(value).decode()
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    inner = line + indent if line else ""
    if isinstance(value, list):
        return _bracket("[", [_write(item, indent, inner) for item in value], "]", line, inner)
    colon = ": " if line else ":"
    members = [
        f"{orjson.dumps(key).decode()}{colon}{_write(member, indent, inner)}" for key, member in value.items()
    ]
    return _bracket("{", members, "}", line, inner)


def _bracket(opening: str, pieces: list[str], closing: str, line: str, inner: str) -> str:
    if not pieces:
        return opening + closing
    return opening + inner + f",{inner}".join(pieces) + line + closing


def canonical(value: Json) -> bytes:
    """RFC 8785 canonical JSON, as UTF-8."""
    return dumps(_sorted(value)).encode()


def _sorted(value: Json) -> Json:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _sorted(value[key]) for key in keys}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def to_text(value: Json) -> str:
    """How a template prints a value: text as it is, null as nothing, objects and arrays as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else dumps(value)


def same(left: Json, right: Json) -> bool:
    """Deep equality of JSON values, by which true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return left == right
