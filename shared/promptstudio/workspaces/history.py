"""What happened to a prompt: an entry for each change, without the texts."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import JsonValue

from promptstudio.access.authors import Author, author
from promptstudio.access.principal import Principal
from promptstudio.ids import ordered_id
from promptstudio.storage.listings import Listing, list_records
from promptstudio.storage.port import ABSENT, Put, Store
from promptstudio.storage.records import Record, Stored, data, stored
from promptstudio.times import rfc3339, seconds
from promptstudio.values import Json

What = Literal[
    "created",
    "draft_saved",
    "published",
    "label_moved",
    "label_rolled_back",
    "label_deleted",
    "settings_changed",
    "shared",
    "share_removed",
    "link_created",
    "link_revoked",
]

_HISTORY: Final = "history#"
_ONE_SITTING_S: Final = 600


class HistoryEntry(Record):
    """A change. `details` depend on `what`: `version`, `label`, `member` and the like."""

    id: str
    at: str
    by: Author
    what: What
    details: dict[str, JsonValue]


def history_put(partition: str, by: Principal, what: What, details: Mapping[str, Json], now: float) -> Put:
    """The write of an entry. `partition` is the prompt's."""
    entry = HistoryEntry(
        id=ordered_id("his", now), at=rfc3339(now), by=author(by), what=what, details=dict(details)
    )
    return Put(partition, _HISTORY + entry.id, data(entry), ABSENT)


async def saved_put(store: Store, partition: str, by: Principal, now: float) -> Put:
    """The write that tells of a saved draft: one entry for all that somebody saves within ten minutes."""
    newest = await _newest(store, partition)
    if newest is None or newest.value.what != "draft_saved" or newest.value.by.id != by.id:
        return history_put(partition, by, "draft_saved", {"times": 1}, now)
    entry = newest.value
    if now - seconds(entry.at) > _ONE_SITTING_S:
        return history_put(partition, by, "draft_saved", {"times": 1}, now)
    times = entry.details.get("times")
    again: dict[str, Json] = {"times": (times if isinstance(times, int) else 1) + 1, "until": rfc3339(now)}
    longer = entry.model_copy(update={"details": entry.details | again})
    return Put(partition, _HISTORY + entry.id, data(longer), newest.version)


async def list_history(
    store: Store, partition: str, *, cursor: str | None = None, limit: int = 50
) -> Listing[HistoryEntry]:
    """A prompt's entries, newest first; raises PlatformError cursor_invalid."""
    return await list_records(
        store, HistoryEntry, partition, _HISTORY, cursor=cursor, limit=limit, reverse=True
    )


async def _newest(store: Store, partition: str) -> Stored[HistoryEntry] | None:
    page = await store.query(partition, _HISTORY, limit=1, reverse=True)
    return stored(HistoryEntry, page.items[0]) if page.items else None
