"""API keys of a workspace: their records, and who comes with one.

A key may never do more than whoever created it may at that moment: it stops when they are suspended, and goes
on when they are let in again. When they leave it ends, also for when they come back.

A record stands at its key's hash, where a request finds it in one read; the hash is in no record and in no
answer. An index leads from ids to hashes. Records of revoked keys stay: a server that had keys never counts
as one without.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from promptstudio.access.members import acting_as, find_member
from promptstudio.access.names import GivenName, PromptName
from promptstudio.access.principal import Principal, Scope
from promptstudio.access.roles import role_in_workspace, scopes_of
from promptstudio.endpoint.keys import PREFIX, workspace_of
from promptstudio.ids import workspace_id
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.listings import Listing, make_cursor, read_cursor
from promptstudio.storage.port import Conflict, Item, Put, Store, Unavailable
from promptstudio.storage.records import Record, Stored, optional, stored
from promptstudio.times import rfc3339, seconds
from promptstudio.values import Json

CACHED_S: Final = 1.0

_CACHED_KEYS: Final = 1000
_USE_NOTED_EVERY_S: Final = 60.0

logger = logging.getLogger(__name__)


class ApiKey(Record):
    """An API key as its workspace sees it. `prompts` are the only ones it may touch; None is no limit.

    `created_by` is a member. `replaced_by` is the key that it was rotated to. `last_used_at` is to the
    minute, and kept apart.
    """

    id: str
    name: GivenName
    scopes: tuple[Scope, ...]
    prompts: tuple[PromptName, ...] | None = optional()
    created_at: str
    created_by: str
    expires_at: str | None = optional()
    revoked_at: str | None = optional()
    replaced_by: str | None = optional()
    last_used_at: str | None = optional()

    def in_force(self, now: float) -> bool:
        """Whether it is neither revoked nor past its end."""
        return self.revoked_at is None and (self.expires_at is None or now < seconds(self.expires_at))


def keys_key(workspace: str) -> str:
    """The partition of a workspace's keys, by hash."""
    return f"{workspace}#keys"


def key_ids_key(workspace: str) -> str:
    """The partition of the index from keys' ids, which sort by time, to their hashes."""
    return f"{workspace}#key_ids"


def key_uses_key(workspace: str) -> str:
    """The partition of when keys were last used, by id."""
    return f"{workspace}#key_uses"


async def find_key(store: Store, workspace: str, key: str) -> tuple[str, Stored[ApiKey]]:
    """The hash and the record of the key with this id; raises PlatformError not_found."""
    index = await store.get(key_ids_key(workspace), key)
    if index is None:
        raise PlatformError("not_found", kind="API key", id=key)
    return await _indexed(store, workspace, index)


async def get_key(store: Store, workspace: str, key: str) -> Stored[ApiKey]:
    """The key with this id; raises PlatformError not_found."""
    return (await find_key(store, workspace, key))[1]


async def list_keys(
    store: Store, workspace: str, *, cursor: str | None = None, limit: int = 50
) -> Listing[ApiKey]:
    """The keys, oldest first; raises PlatformError cursor_invalid."""
    after = None if cursor is None else read_cursor(cursor, "")
    page = await store.query(key_ids_key(workspace), after=after, limit=limit)
    found = await asyncio.gather(*(_indexed(store, workspace, index) for index in page.items))
    return Listing[ApiKey](items=[key.value for _, key in found], next_cursor=make_cursor(page.after))


async def creator(store: Store, by: Principal) -> str:
    """The member who answers for what is made: who acts, or who made the key that acts."""
    return by.id if not by.is_key else (await get_key(store, by.workspace, by.id)).value.created_by


async def answering(store: Store, workspace: str, key: ApiKey) -> Principal | None:
    """The member who created a key; None where they are suspended, or have left since."""
    found = await find_member(store, workspace, key.created_by)
    if found is None or found.value.joined_at > key.created_at:
        return None
    return acting_as(workspace, found.value)


async def _indexed(store: Store, workspace: str, index: Item) -> tuple[str, Stored[ApiKey]]:
    kept = str(index.data["hash"])
    item, use = await asyncio.gather(
        store.get(keys_key(workspace), kept), store.get(key_uses_key(workspace), index.sk)
    )
    if item is None:
        raise PlatformError("not_found", kind="API key", id=index.sk)
    found = stored(ApiKey, item)
    if use is None:
        return kept, found
    return kept, Stored(_used(found.value, use.data), found.version, found.etag)


def _used(key: ApiKey, use: Mapping[str, Json]) -> ApiKey:
    return key.model_copy(update={"last_used_at": use["at"]})


@dataclass(frozen=True, slots=True)
class _Known:
    """Who a key stood for, and until when that may be relied on, in seconds since 1970."""

    principal: Principal
    until: float


class KeyLookup:
    """Finds out who comes with a key. What it knows is at most a second old.

    `now` gives seconds since 1970.
    """

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self._store = store
        self._now = now
        self._known: dict[str, _Known] = {}  # by the whole key's hash
        self._with_keys: set[str] = set()

    async def principal(self, key: bytes) -> Principal | None:
        """The key as who it acts as; None for one that is not in force. Garbage costs no read."""
        text = key.decode("latin-1")
        characters = workspace_of(PREFIX, text)
        if characters is None:
            return None
        kept = sha256(key).hexdigest()
        known = self._known.get(kept)
        if known is not None and self._now() < known.until:
            return known.principal
        return await self._find(workspace_id(characters), kept)

    async def any_exist(self, workspace: str) -> bool:
        """Whether the workspace ever had a key."""
        if workspace not in self._with_keys:
            page = await self._store.query(key_ids_key(workspace), limit=1)
            if not page.items:
                return False
            self._with_keys.add(workspace)
        return True

    async def _find(self, workspace: str, kept: str) -> Principal | None:
        self._known.pop(kept, None)
        item = await self._store.get(keys_key(workspace), kept)
        if item is None:
            return None
        key, now = stored(ApiKey, item).value, self._now()
        creator, use = await asyncio.gather(
            answering(self._store, workspace, key),
            self._store.get(key_uses_key(workspace), key.id),
        )
        if not key.in_force(now) or creator is None:
            return None
        scopes = _all_of(key.scopes) & scopes_of(role_in_workspace(creator))
        if not scopes:
            return None
        await self._note_use(workspace, key, use, now)
        prompts = None if key.prompts is None else frozenset(key.prompts)
        principal = Principal(workspace, key.id, key.name, scopes=scopes, prompts=prompts)
        self._remember(kept, key, principal, now)
        return principal

    def _remember(self, kept: str, key: ApiKey, principal: Principal, now: float) -> None:
        if len(self._known) >= _CACHED_KEYS:
            self._known.clear()
        end = now + CACHED_S if key.expires_at is None else min(now + CACHED_S, seconds(key.expires_at))
        self._known[kept] = _Known(principal, end)

    async def _note_use(self, workspace: str, key: ApiKey, use: Item | None, now: float) -> None:
        """Write down that the key is used, at most once a minute; a request never fails by it."""
        if use is not None and now - seconds(str(use.data["at"])) < _USE_NOTED_EVERY_S:
            return
        version = 0 if use is None else use.version
        put = Put(key_uses_key(workspace), key.id, {"at": rfc3339(now)}, version)
        try:
            await self._store.transact([put])
        except Conflict:
            pass  # another request has just noted it
        except Unavailable:
            logger.exception("the last use of %s could not be noted", key.id)


def _all_of(scopes: tuple[Scope, ...]) -> frozenset[Scope]:
    """The scopes with those that `admin` includes."""
    return frozenset(Scope) if Scope.admin in scopes else frozenset(scopes)
