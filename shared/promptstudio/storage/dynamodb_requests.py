"""DynamoDB's side of the port as data: writes become requests, attributes become items. No I/O.

An item's JSON is kept as text, because DynamoDB's own maps and numbers lose doubles. Counters are number
attributes of their own, so that the engine can add to them. An expired item may lie there for days before
DynamoDB deletes it: each condition has to say that it counts as absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from promptstudio.storage.port import (
    ABSENT,
    ANY,
    COUNTER_MAX,
    OPERATION_KEPT_S,
    Add,
    Check,
    Delete,
    Item,
    Put,
    Write,
)

Attributes: TypeAlias = Mapping[str, Any]

_COUNTER: Final = "counter:"
_ABSENT: Final = "(attribute_not_exists(pk) OR expires_at <= :now)"
_LIVE: Final = "(attribute_not_exists(expires_at) OR expires_at > :now)"
_SK: Final = "-"


@dataclass(frozen=True, slots=True)
class Action:
    """A write as DynamoDB takes it: its name in a transaction, and the members of the request."""

    kind: str
    request: dict[str, Any]


def key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def operation_key(operation: str) -> dict[str, Any]:
    """Where an operation is noted. No key of an item has a NUL."""
    return key(f"\0{operation}", _SK)


def to_operation(table: str, operation: str, now: int) -> Action:
    noted = {**operation_key(operation), "expires_at": _number(now + OPERATION_KEPT_S)}
    return _action("Put", table, {"Item": noted}, _ABSENT, {":now": _number(now)})


def to_action(table: str, write: Write, encoded: bytes, now: int) -> Action:
    """A write under its conditions. `encoded` is a Put's data."""
    if isinstance(write, Add):
        return _add(table, write, now)
    condition, values = _expectation(write.expect, now)
    if isinstance(write, Check):
        return _action("ConditionCheck", table, {"Key": key(write.pk, write.sk)}, condition, values)
    if isinstance(write, Delete):
        return _action("Delete", table, {"Key": key(write.pk, write.sk)}, condition, values)
    if write.expect is ANY:
        return _overwrite(table, write, encoded)
    item = {
        **key(write.pk, write.sk),
        "version": _number(write.expect + 1),
        "json": {"S": encoded.decode()},
        **_expiry(write.expires_at),
    }
    return _action("Put", table, {"Item": item}, condition, values)


def to_first_add(table: str, add: Add, now: int) -> Action:
    """An Add that begins at 0 again, in the place of a counter that has expired."""
    item = {
        **key(add.pk, add.sk),
        "version": _number(1),
        **{_COUNTER + name: _number(delta) for name, delta in add.deltas.items()},
        **_expiry(add.expires_at),
    }
    return _action("Put", table, {"Item": item}, _ABSENT, {":now": _number(now)})


def is_expired(found: Attributes, now: int) -> bool:
    return "expires_at" in found and int(found["expires_at"]["N"]) <= now


def to_item(found: Attributes) -> Item:
    expires_at = found.get("expires_at")
    return Item(
        pk=found["pk"]["S"],
        sk=found["sk"]["S"],
        data=orjson.loads(found["json"]["S"]) if "json" in found else dict(counters(found)),
        version=int(found["version"]["N"]),
        expires_at=int(expires_at["N"]) if expires_at else None,
    )


def counters(found: Attributes) -> dict[str, int]:
    """By name: DynamoDB gives attributes in no order."""
    names = sorted(name for name in found if name.startswith(_COUNTER))
    return {name.removeprefix(_COUNTER): int(found[name]["N"]) for name in names}


def _overwrite(table: str, put: Put, encoded: bytes) -> Action:
    """An update needs no condition to raise the version. Counters that were there stay behind, unread."""
    values = {":json": {"S": encoded.decode()}, ":one": _number(1)}
    if put.expires_at is None:
        update = "SET json = :json ADD version :one REMOVE expires_at"
    else:
        update = "SET json = :json, expires_at = :expires_at ADD version :one"
        values[":expires_at"] = _number(put.expires_at)
    return _action("Update", table, {"Key": key(put.pk, put.sk), "UpdateExpression": update}, "", values)


def _add(table: str, add: Add, now: int) -> Action:
    values = {":now": _number(now), ":one": _number(1)}
    conditions = ["attribute_not_exists(json)", _LIVE]
    added = ["version :one"]
    names = {f"#{index}": _COUNTER + name for index, name in enumerate(add.deltas)}
    for (name, delta), placeholder in zip(add.deltas.items(), names, strict=True):
        value = placeholder.replace("#", ":")
        ceiling = add.ceilings.get(name, COUNTER_MAX)
        within = f"{placeholder} BETWEEN {value}low AND {value}high"
        if delta <= ceiling:
            within = f"(attribute_not_exists({placeholder}) OR {within})"
        conditions.append(within)
        added.append(f"{placeholder} {value}")
        values[value] = _number(delta)
        values[f"{value}low"] = _number(-COUNTER_MAX - delta)
        values[f"{value}high"] = _number(ceiling - delta)
    update = "ADD " + ", ".join(added)
    if add.expires_at is not None:
        update += " SET expires_at = if_not_exists(expires_at, :expires_at)"
        values[":expires_at"] = _number(add.expires_at)
    request = {
        "Key": key(add.pk, add.sk),
        "UpdateExpression": update,
        "ExpressionAttributeNames": names,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return _action("Update", table, request, " AND ".join(conditions), values)


def _expectation(expect: int | None, now: int) -> tuple[str, dict[str, Any]]:
    if expect is ANY:
        return "", {}
    if expect == ABSENT:
        return _ABSENT, {":now": _number(now)}
    return f"version = :version AND {_LIVE}", {":now": _number(now), ":version": _number(expect)}


def _action(kind: str, table: str, request: dict[str, Any], condition: str, values: dict[str, Any]) -> Action:
    request["TableName"] = table
    if condition:
        request["ConditionExpression"] = condition
    if values:
        request["ExpressionAttributeValues"] = values
    return Action(kind, request)


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _expiry(expires_at: int | None) -> dict[str, Any]:
    return {} if expires_at is None else {"expires_at": _number(expires_at)}
