"""Checks values against JSON Schema, in the subset that protocol.json names as `schema_keywords`.

A schema is compiled once into closures. A check takes a value in the normal form of `values` and returns
what is wrong with it, each finding with its JSON pointer below that value, or nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias, cast

from promptstudio.errors import BOUNDS, PROTOCOL, FieldError, fill
from promptstudio.values import Json, dumps, in_key_order, number_text, same

Schema: TypeAlias = Mapping[str, Json]
Findings: TypeAlias = Sequence[tuple[str, str]]  # (pointer below the value, message)
Check: TypeAlias = Callable[[Json], Findings]
Completion: TypeAlias = Callable[[Json], Json]
Validator: TypeAlias = Callable[[Json, str], tuple[Json, list[FieldError]]]

_CHECKS: Final[dict[str, str]] = PROTOCOL["checks"]
_TYPE_NAMES: Final[dict[str, str]] = PROTOCOL["type_names"]
_NOTHING: Final[Findings] = ()
_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
}


def compile_schema(
    schema: Schema, *, unknown: str = "unknown_property", null_is_absent: bool = False
) -> Validator:
    """A function (value, pointer of the value) → (the value with defaults filled in, errors by pointer).

    `unknown` names the row of protocol.json's `checks` for members that the schema's top level refuses.
    With `null_is_absent`, a null that stands for an optional property which takes no null is dropped:
    so models say "left out" where every property has to be there.
    """
    check = _compile(schema, unknown)
    complete = _completion(schema, null_is_absent)

    def validator(value: Json, pointer: str) -> tuple[Json, list[FieldError]]:
        if complete:
            value = complete(value)
        findings = check(value)
        return value, _ordered(findings, pointer) if findings else []

    return validator


def _ordered(findings: Findings, pointer: str) -> list[FieldError]:
    listed = sorted(findings, key=lambda finding: finding[0])[: BOUNDS["errors_listed"]]
    return [FieldError(pointer + below, message) for below, message in listed]


def escaped(name: str) -> str:
    """A member's name as one step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def pointer_steps(pointer: str) -> tuple[str, ...]:
    """The members' names that a JSON pointer goes through."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def shown(value: Json) -> str:
    """A value as messages quote it: its JSON text, cut short."""
    text = dumps(value)
    limit = BOUNDS["value_shown_characters"]
    return text if len(text) <= limit else text[:limit] + "…"


def _compile(schema: Schema, unknown: str = "unknown_property") -> Check:
    """All checks of one schema. Where the type is wrong, nothing else is said of the value."""
    checks = list(_value_checks(schema))
    if {"properties", "required", "additionalProperties"} & schema.keys():
        checks.append(_object(schema, unknown))
    if "type" not in schema:
        return _all(checks)
    typed = _type(schema["type"])
    if not checks:
        return typed
    rest = _all(checks)
    return lambda value: typed(value) or rest(value)


def _all(checks: Sequence[Check]) -> Check:
    if not checks:
        return lambda value: _NOTHING
    if len(checks) == 1:
        return checks[0]
    return lambda value: [finding for check in checks for finding in check(value)]


def _value_checks(schema: Schema) -> Iterable[Check]:
    """The checks of keywords that stand for themselves, in the order in which their findings are listed."""
    for keyword, compile_keyword in _KEYWORDS.items():
        if keyword in schema:
            yield compile_keyword(schema[keyword])


def _type(names: Json) -> Check:
    listed = [names] if isinstance(names, str) else cast("list[str]", names)
    kinds = frozenset(kind for name in listed for kind in _KINDS[name])
    # A double beyond 2**53 stays a float in the normal form, though it is an integer.
    whole_floats = "integer" in listed and "number" not in listed
    expected = " or ".join(_TYPE_NAMES[name] for name in sorted(listed, key=lambda name: name == "null"))

    def check(value: Json) -> Findings:
        if type(value) in kinds or (whole_floats and type(value) is float and value.is_integer()):
            return _NOTHING
        return _finding("type", value, expected)

    return check


def _finding(row: str, value: Json, expected: str) -> Findings:
    return [("", fill(_CHECKS[row], {"value": shown(value), "expected": expected}))]


def _enum(members: Json) -> Check:
    allowed = cast("list[Json]", members)
    texts = frozenset(member for member in allowed if isinstance(member, str))
    others = [member for member in allowed if not isinstance(member, str)]
    expected = ", ".join(member if isinstance(member, str) else dumps(member) for member in allowed)

    def check(value: Json) -> Findings:
        if value in texts if isinstance(value, str) else any(same(value, other) for other in others):
            return _NOTHING
        return _finding("enum", value, expected)

    return check


def _const(constant: Json) -> Check:
    expected = dumps(constant)
    return lambda value: _NOTHING if same(value, constant) else _finding("const", value, expected)


def _range(row: str, fails: Callable[[float, float], bool]) -> Callable[[Json], Check]:
    def compile_keyword(limit: Json) -> Check:
        bound = cast("int | float", limit)
        expected = number_text(bound)

        def check(value: Json) -> Findings:
            kind = type(value)
            if (kind is int or kind is float) and fails(cast("float", value), bound):
                return _finding(row, value, expected)
            return _NOTHING

        return check

    return compile_keyword


def _length(row: str, kind: type, fails: Callable[[float, float], bool]) -> Callable[[Json], Check]:
    def compile_keyword(limit: Json) -> Check:
        bound = cast("int", limit)
        findings = [("", fill(_CHECKS[row], {"expected": bound}))]

        def check(value: Json) -> Findings:
            return findings if type(value) is kind and fails(len(cast("str", value)), bound) else _NOTHING

        return check

    return compile_keyword


def _items(schema: Json) -> Check:
    check_item = _compile(cast("Schema", schema))

    def check(value: Json) -> Findings:
        if type(value) is not list:
            return _NOTHING
        found: list[tuple[str, str]] = []
        for index, item in enumerate(value):
            findings = check_item(item)
            if findings:
                found += _below(str(index), findings)
        return found

    return check


def _any_of(schemas: Json) -> Check:
    branches = [_compile(schema) for schema in cast("list[Schema]", schemas)]

    def check(value: Json) -> Findings:
        for branch in branches:
            if not branch(value):
                return _NOTHING
        return _finding("anyOf", value, "")

    return check


def _below(step: str, findings: Findings) -> list[tuple[str, str]]:
    return [(f"/{step}{pointer}", message) for pointer, message in findings]


def _object(schema: Schema, unknown: str) -> Check:
    properties = cast("Mapping[str, Schema]", schema.get("properties", {}))
    members = {name: _compile(member) for name, member in properties.items()}
    others = _others(schema.get("additionalProperties", True), unknown)
    required = cast("list[str]", schema.get("required", []))

    def check(value: Json) -> Findings:
        if type(value) is not dict:
            return _NOTHING
        found = [(f"/{escaped(name)}", _CHECKS["required"]) for name in required if name not in value]
        for name, member in value.items():
            findings = members.get(name, others)(member)
            if findings:
                found += _below(escaped(name), findings)
        return found

    return check


def _others(additional: Json, unknown: str) -> Check:
    if additional is False:
        refused = [("", _CHECKS[unknown])]
        return lambda value: refused
    return _compile(additional) if isinstance(additional, Mapping) else lambda value: _NOTHING


_KEYWORDS: Final[dict[str, Callable[[Json], Check]]] = {
    "enum": _enum,
    "const": _const,
    "minimum": _range("minimum", lambda value, limit: value < limit),
    "maximum": _range("maximum", lambda value, limit: value > limit),
    "minLength": _length("minLength", str, lambda length, limit: length < limit),
    "maxLength": _length("maxLength", str, lambda length, limit: length > limit),
    "minItems": _length("minItems", list, lambda length, limit: length < limit),
    "maxItems": _length("maxItems", list, lambda length, limit: length > limit),
    "items": _items,
    "anyOf": _any_of,
}


def _completion(schema: Schema, null_is_absent: bool) -> Completion | None:
    """A function that fills in defaults (and drops nulls), or None where the schema asks for neither.

    It follows `properties` and `items`; alternatives in `anyOf` are left as they come.
    """
    properties = cast("Mapping[str, Schema]", schema.get("properties", {}))
    inner = {name: _completion(member, null_is_absent) for name, member in properties.items()}
    members = {name: complete for name, complete in inner.items() if complete}
    defaults = {name: member["default"] for name, member in properties.items() if "default" in member}
    dropped = _nulls_dropped(schema) if null_is_absent else frozenset()
    items = schema.get("items")
    complete_item = _completion(items, null_is_absent) if isinstance(items, Mapping) else None
    if not (members or defaults or dropped or complete_item):
        return None

    def complete(value: Json) -> Json:
        if isinstance(value, dict):
            return _completed(value, members, defaults, dropped)
        if complete_item and isinstance(value, list):
            return [complete_item(item) for item in value]
        return value

    return complete


def _completed(
    value: dict[str, Json],
    members: Mapping[str, Completion],
    defaults: Mapping[str, Json],
    dropped: frozenset[str],
) -> Json:
    result = {
        name: members[name](member) if name in members else member
        for name, member in value.items()
        if member is not None or name not in dropped
    }
    missing = {name: default for name, default in defaults.items() if name not in result}
    return in_key_order(result | missing) if missing else result


def _nulls_dropped(schema: Schema) -> frozenset[str]:
    """The optional properties that take no null themselves."""
    properties = cast("Mapping[str, Schema]", schema.get("properties", {}))
    required = cast("list[str]", schema.get("required", []))
    return frozenset(
        name for name, member in properties.items() if name not in required and _compile(member)(None)
    )
