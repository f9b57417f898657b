"""The store port: items at (pk, sk), three operations, one meaning on every engine.

An item holds a JSON object and a `version`, which rises by one at each write. It may have an expiry: from
that second on it is absent for reads and for conditions, whenever the engine deletes it. Reads see every
write that was acknowledged before them. Sort keys are ordered by their UTF-8 bytes.

Errors, on every engine: Conflict where a condition does not hold, Unavailable where the engine is throttled,
out of reach, or did not say whether it wrote. Absence is None, never an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

import orjson

from promptstudio.errors import AppError
from promptstudio.platform_errors import PlatformError
from promptstudio.values import Json

ITEM_BYTES: Final = 350 * 1024
TRANSACTION_BYTES: Final = 1024 * 1024
TRANSACTION_WRITES: Final = 32
KEY_BYTES: Final = 1024
COUNTER_MAX: Final = 2**53 - 1
OPERATION_KEPT_S: Final = 24 * 3600

ANY: Final = None
"""Expect nothing: the item may be there or not."""
ABSENT: Final = 0
"""Expect no item. A number from 1 on expects the item at that version."""


class Conflict(PlatformError):  # noqa: N818 - a refusal that callers expect
    """A condition did not hold, and nothing was written. `index` is that of the first write it refused."""

    def __init__(self, index: int) -> None:
        super().__init__("store_conflict")
        self.index = index


class Unavailable(AppError):  # noqa: N818 - the engine's state
    """The engine could not be asked, or its answer was lost: then the write may have happened."""

    def __init__(self) -> None:
        super().__init__("store_unavailable", retry_after=1)


@dataclass(slots=True)  # not frozen, as pages are full of them and that would cost three times as much
class Item:
    """What is stored. `expires_at` is in seconds since 1970."""

    pk: str
    sk: str
    data: dict[str, Json]
    version: int
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Items in order. `after` continues the query behind them; None at its end."""

    items: tuple[Item, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Put:
    """Replace an item whole. Of an absent one the first version is 1, but with `ANY` maybe a later one."""

    pk: str
    sk: str
    data: Mapping[str, Json]
    expect: int | None = ANY
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item. With `ANY` it need not be there."""

    pk: str
    sk: str
    expect: int | None = ANY


@dataclass(frozen=True, slots=True)
class Check:
    """Refuse the transaction unless the item is as expected: ABSENT or a version. Writes nothing."""

    pk: str
    sk: str
    expect: int


@dataclass(frozen=True, slots=True)
class Add:
    """Add to an item's counters, which begin at 0, all or none.

    Refused where a counter would pass its ceiling (COUNTER_MAX where none is named, and -COUNTER_MAX below),
    and where the item was made by Put. An item without an expiry takes `expires_at`; one that has its own
    keeps it.
    """

    pk: str
    sk: str
    deltas: Mapping[str, int]
    ceilings: Mapping[str, int] = field(default_factory=dict)
    expires_at: int | None = None


Write: TypeAlias = Put | Delete | Check | Add


class Store(Protocol):
    """What every engine does."""

    async def get(self, pk: str, sk: str) -> Item | None:
        """The item, or None. Raises Unavailable."""
        ...

    async def query(
        self, pk: str, prefix: str = "", *, after: str | None = None, limit: int = 100, reverse: bool = False
    ) -> Page:
        """Up to `limit` items whose sort key begins with `prefix`, in its order, or the reverse of it.

        `after` is a Page's: the query goes on behind that key. Raises Unavailable.
        """
        ...

    async def transact(
        self, writes: Sequence[Write], *, operation: str | None = None
    ) -> list[dict[str, int]]:
        """Do all the writes or none. Returns the counters of each Add, in order, as they are afterwards;
        somebody else's later Add may be in them.

        At most 32 writes on as many items, of 1 MB together. With an `operation`, a name that nobody else
        uses, the same call may be repeated for 24 hours and has one effect; the engine itself repeats it
        after a lost response. Without one a lost response is Unavailable. Raises Conflict or Unavailable,
        and PlatformError item_too_large.
        """
        ...

    async def close(self) -> None:
        """Let connections go. The store cannot be used afterwards."""
        ...


def encode(data: Mapping[str, Json]) -> bytes:
    """An item's data as JSON; raises PlatformError item_too_large."""
    written = orjson.dumps(data)
    if len(written) > ITEM_BYTES:
        raise PlatformError("item_too_large", limit=ITEM_BYTES)
    return written


def encode_writes(writes: Sequence[Write]) -> list[bytes]:
    """The data of each Put, and nothing for other writes, once all of them are checked.

    Raises ValueError, and PlatformError item_too_large.
    """
    check_writes(writes)
    encoded = [encode(write.data) if isinstance(write, Put) else b"" for write in writes]
    check_total([len(data) for data in encoded])
    return encoded


def check_writes(writes: Sequence[Write]) -> None:
    """Refuse a transaction that no engine takes.

    Raises ValueError for what only a mistake of ours can bring about: none or too many writes, two on one
    item, keys or counters that cannot be.
    """
    if not 1 <= len(writes) <= TRANSACTION_WRITES:
        raise ValueError(f"a transaction has 1 to {TRANSACTION_WRITES} writes, not {len(writes)}")
    if len({(write.pk, write.sk) for write in writes}) != len(writes):
        raise ValueError("a transaction writes an item once")
    for write in writes:
        check_key(write.pk)
        check_key(write.sk)
        if isinstance(write, Add):
            _check_add(write)


def _check_add(add: Add) -> None:
    if not add.deltas or not add.ceilings.keys() <= add.deltas.keys():
        raise ValueError("an Add has deltas, and ceilings only for those")
    for number in (*add.deltas.values(), *add.ceilings.values()):
        if not -COUNTER_MAX <= number <= COUNTER_MAX:
            raise ValueError(f"{number} is out of a counter's range")


def check_key(key: str) -> None:
    """Raise ValueError for a key that some engine would refuse or misread."""
    if not 1 <= len(key.encode()) <= KEY_BYTES or "\0" in key:
        raise ValueError(f"a key has 1 to {KEY_BYTES} bytes and no NUL: {key[:40]!r}")


def check_query(pk: str, prefix: str, after: str | None, limit: int) -> None:
    """Raise ValueError for a query that no engine takes."""
    check_key(pk)
    if prefix:
        check_key(prefix)
    if after is not None and not after.startswith(prefix):
        raise ValueError("a query goes on behind one of its own keys")
    if not 1 <= limit <= 1000:
        raise ValueError(f"a page has 1 to 1000 items, not {limit}")


def check_total(sizes: Sequence[int]) -> None:
    """Raise PlatformError item_too_large where the writes are too large together."""
    if sum(sizes) > TRANSACTION_BYTES:
        raise PlatformError("item_too_large", limit=TRANSACTION_BYTES)


def counted(counters: Mapping[str, int], add: Add) -> dict[str, int] | None:
    """Counters after an Add; None where one would leave its bounds."""
    after = dict(counters)
    for name, delta in add.deltas.items():
        after[name] = after.get(name, 0) + delta
        if not -COUNTER_MAX <= after[name] <= add.ceilings.get(name, COUNTER_MAX):
            return None
    return after
