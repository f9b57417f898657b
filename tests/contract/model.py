"""What the port promises, in a dictionary: no I/O, no versions that depend on an engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

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
from promptstudio.values import Json

Key: TypeAlias = tuple[str, str]

SOME_VERSION = -1
"""That of an item put with ANY where there was none: the engine may give it any number."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The index of the first write that was refused."""

    index: int


@dataclass(slots=True)
class Model:
    """Items and operations, and what happens to them."""

    items: dict[Key, Item] = field(default_factory=dict)
    counters: set[Key] = field(default_factory=set)
    operations: dict[str, float] = field(default_factory=dict)

    def get(self, key: Key, now: float) -> Item | None:
        item = self.items.get(key)
        return None if item is None or (item.expires_at is not None and item.expires_at <= now) else item

    def query(
        self, pk: str, prefix: str, after: str | None, limit: int, reverse: bool, now: float
    ) -> tuple[list[Item], str | None]:
        found = sorted(
            (item for key in self.items if key[0] == pk and (item := self.get(key, now)) is not None),
            key=lambda item: item.sk.encode(),
            reverse=reverse,
        )
        found = [item for item in found if item.sk.startswith(prefix)]
        if after is not None:
            edge = after.encode()
            found = [item for item in found if item.sk != after and (item.sk.encode() < edge) == reverse]
        return found[:limit], found[limit - 1].sk if len(found) > limit else None

    def transact(
        self, writes: Sequence[Write], operation: str | None, now: float
    ) -> list[dict[str, Json]] | Refusal:
        if operation is None or self.operations.get(operation, 0) <= now:
            for index, write in enumerate(writes):
                if not self._holds(write, now):
                    return Refusal(index)
            for write in writes:
                self._write(write, now)
            if operation is not None:
                self.operations[operation] = now + OPERATION_KEPT_S
        return [self._counters(write, now) for write in writes if isinstance(write, Add)]

    def settle(self, key: Key, version: int) -> None:
        """Note the version that the engine chose."""
        self.items[key] = replace(self.items[key], version=version)

    def _holds(self, write: Write, now: float) -> bool:
        key = write.pk, write.sk
        item = self.get(key, now)
        if isinstance(write, Add):
            return (item is None or key in self.counters) and _is_within(write, item.data if item else {})
        return write.expect is ANY or write.expect == (ABSENT if item is None else item.version)

    def _write(self, write: Write, now: float) -> None:
        key = write.pk, write.sk
        item = self.get(key, now)
        if isinstance(write, Check):
            return
        self.counters.discard(key)
        if isinstance(write, Delete):
            self.items.pop(key, None)
        elif isinstance(write, Put):
            version = item.version + 1 if item else SOME_VERSION if write.expect is ANY else 1
            self.items[key] = Item(*key, dict(write.data), version, write.expires_at)
        else:
            self.counters.add(key)
            before = item.data if item else {}
            data = before | {name: _number(before.get(name, 0)) + by for name, by in write.deltas.items()}
            kept = item.expires_at if item else None
            self.items[key] = Item(
                *key, data, item.version + 1 if item else 1, write.expires_at if kept is None else kept
            )

    def _counters(self, add: Add, now: float) -> dict[str, Json]:
        key = add.pk, add.sk
        item = self.get(key, now)
        return item.data if item is not None and key in self.counters else {}


def _is_within(add: Add, before: dict[str, Json]) -> bool:
    return all(
        -COUNTER_MAX <= _number(before.get(name, 0)) + delta <= add.ceilings.get(name, COUNTER_MAX)
        for name, delta in add.deltas.items()
    )


def _number(value: Json) -> int:
    assert isinstance(value, int)
    return value
