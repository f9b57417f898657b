"""Lists of records, page by page. A cursor is opaque to who gets it and harmless from whoever sends it."""

import base64
import binascii
from collections.abc import Sequence
from typing import Generic, TypeVar

from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import Store
from promptstudio.storage.records import Record, optional

_R = TypeVar("_R", bound=Record)


class Listing(Record, Generic[_R]):
    """A page of a list. Without `next_cursor` it is the last."""

    items: Sequence[_R]
    next_cursor: str | None = optional()


async def list_records(
    store: Store,
    kind: type[_R],
    pk: str,
    prefix: str = "",
    *,
    cursor: str | None = None,
    limit: int = 50,
    reverse: bool = False,
) -> Listing[_R]:
    """The records whose sort keys begin with `prefix`; raises PlatformError cursor_invalid."""
    after = None if cursor is None else read_cursor(cursor, prefix)
    page = await store.query(pk, prefix, after=after, limit=limit, reverse=reverse)
    items = [kind.model_validate(item.data) for item in page.items]
    return Listing[kind](items=items, next_cursor=make_cursor(page.after))  # type: ignore[valid-type]


def make_cursor(after: str | None) -> str | None:
    """The cursor that goes on behind a sort key."""
    return None if after is None else base64.urlsafe_b64encode(after.encode()).decode().rstrip("=")


def read_cursor(cursor: str, prefix: str) -> str:
    """The sort key of a cursor of a list with this prefix; raises PlatformError cursor_invalid."""
    try:
        padding = "=" * (-len(cursor) % 4)
        after = base64.b64decode(cursor + padding, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise PlatformError("cursor_invalid") from None
    if not after or "\0" in after or len(after.encode()) > 1024 or not after.startswith(prefix):
        raise PlatformError("cursor_invalid")
    return after
