"""Redis' side of the port as data: writes become a script's keys and arguments, its answers items. No I/O.

What stands where is told in upstash_transact.lua.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from promptstudio.storage.port import (
    COUNTER_MAX,
    OPERATION_KEPT_S,
    Add,
    Check,
    Conflict,
    Delete,
    Item,
    Put,
    Write,
)
from promptstudio.values import Json

_KINDS: Final[dict[type[Write], str]] = {Put: "put", Delete: "delete", Check: "check", Add: "add"}
_COUNTER: Final = "c:"


class Script:
    """A script beside this file. Redis is told its hash, and its text where it does not know that."""

    def __init__(self, file: str) -> None:
        self.text = Path(__file__).with_name(file).read_text(encoding="utf-8")
        self.sha1 = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


GET: Final = Script("upstash_get.lua")
QUERY: Final = Script("upstash_query.lua")
TRANSACT: Final = Script("upstash_transact.lua")


def item_key(pk: str, sk: str) -> str:
    return f"i:{_member(pk, sk)}"


def partition_key(pk: str) -> str:
    return f"p:{pk}"


def transact_keys(writes: Sequence[Write], operation: str | None) -> list[str]:
    keys = ["x", f"o:{operation or ''}"]
    for write in writes:
        keys += (item_key(write.pk, write.sk), partition_key(write.pk))
    return keys


def transact_args(
    writes: Sequence[Write], encoded: Sequence[bytes], operation: str | None, now: int
) -> list[str]:
    args = [str(now), "" if operation is None else str(OPERATION_KEPT_S)]
    for write, data in zip(writes, encoded, strict=True):
        expect = None if isinstance(write, Add) else write.expect
        expires_at = write.expires_at if isinstance(write, Put | Add) else None
        args += (_KINDS[type(write)], _optional(expect), _optional(expires_at))
        args += (write.sk, data.decode(), _member(write.pk, write.sk))
        args += _counter_args(write) if isinstance(write, Add) else ["0"]
    return args


def read_transaction(answer: list[Any]) -> list[dict[str, int]]:
    """The counters of each Add. Raises Conflict."""
    refused = int(answer[0])
    if refused >= 0:
        raise Conflict(refused)
    return [{name: int(number) for name, number in _pairs(flat).items()} for flat in answer[1:]]


def read_item(pk: str, sk: str, flat: Sequence[str], now: int) -> Item | None:
    """The item of a hash's fields and values; None where there is none or it has expired."""
    fields = _pairs(flat)
    expires_at = int(fields["e"]) if "e" in fields else None
    if not fields or (expires_at is not None and expires_at <= now):
        return None
    data: dict[str, Json] = orjson.loads(fields["d"]) if "d" in fields else _counters(fields)
    return Item(pk, sk, data, int(fields["v"]), expires_at)


def read_page(pk: str, answer: list[Any], now: int) -> tuple[list[Item], str | None]:
    """The items, and the key behind which the query goes on."""
    found = [read_item(pk, sk, flat, now) for sk, flat in zip(answer[1::2], answer[2::2], strict=True)]
    return [item for item in found if item is not None], answer[0] or None


def _counter_args(add: Add) -> list[str]:
    args = [str(len(add.deltas))]
    for name, delta in add.deltas.items():
        args += (name, str(delta), str(add.ceilings.get(name, COUNTER_MAX)))
    return args


def _counters(fields: dict[str, str]) -> dict[str, Json]:
    return {
        name.removeprefix(_COUNTER): int(number)
        for name, number in fields.items()
        if name.startswith(_COUNTER)
    }


def _pairs(flat: Sequence[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _member(pk: str, sk: str) -> str:
    """Both keys in one, so that a script can part them again."""
    return f"{len(pk.encode())}:{pk}{sk}"


def _optional(number: int | None) -> str:
    return "" if number is None else str(number)
