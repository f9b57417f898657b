"""Due records: what has to happen at or after a moment, kept in the store and found by its time.

They are spread over shards, so that on no engine all of them wait for one partition. A record's sort key
begins with its moment: to move one is to delete it and put it elsewhere, in one transaction, of which only
one of several that try at the same time succeeds.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from promptstudio.storage.port import ABSENT, Conflict, Delete, Item, Put, Store, Write
from promptstudio.values import Json

SHARDS: Final = 8

_DIGITS: Final = 14  # of milliseconds since 1970, enough until the year 5138
_END: Final = "$"  # sorts behind "#", which ends a moment


@dataclass(frozen=True, slots=True)
class DueRecords:
    """The due records of one name. Times are seconds since 1970."""

    store: Store
    name: str

    def put(self, record: str, at: float, data: Mapping[str, Json]) -> Put:
        """The write that makes a record with this id due at a moment; it takes part in any transaction."""
        return Put(self._shard(record), _sort(at, record), data, ABSENT)

    async def ready(self, now: float, limit: int) -> list[Item]:
        """Up to so many records that are due by now: of a shard those that are due the longest."""
        found: list[Item] = []
        for number in random.sample(range(SHARDS), SHARDS):
            page = await self.store.query(self._partition(number), limit=limit - len(found))
            found += [item for item in page.items if item.sk < _moment(now) + _END]
            if len(found) >= limit:
                break
        return found

    async def move(self, item: Item, at: float, data: Mapping[str, Json] | None = None) -> Item | None:
        """Make a record that was read due at another moment; None where somebody else was faster.

        Raises Unavailable.
        """
        kept = dict(item.data if data is None else data)
        sk = _sort(at, record_of(item))
        stays = sk == item.sk
        writes: list[Write] = [Put(item.pk, sk, kept, item.version if stays else ABSENT)]
        if not stays:
            writes.append(Delete(item.pk, item.sk, item.version))
        try:
            await self.store.transact(writes)
        except Conflict:
            return None
        return Item(item.pk, sk, kept, item.version + 1 if stays else 1)

    def _shard(self, record: str) -> str:
        return self._partition(sha256(record.encode()).digest()[0] % SHARDS)

    def _partition(self, number: int) -> str:
        return f"sys#due#{self.name}#{number}"


def record_of(item: Item) -> str:
    """The id of a due record."""
    return item.sk.partition("#")[2]


def _moment(at: float) -> str:
    return f"{max(0, int(at * 1000)):0{_DIGITS}d}"


def _sort(at: float, record: str) -> str:
    return f"{_moment(at)}#{record}"
