"""How API keys come to be, change and end. Nobody can give a key rights that they lack themselves."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import Field

from promptstudio.access.keys import ApiKey, creator, find_key, key_ids_key, keys_key
from promptstudio.access.names import GivenName, PromptName
from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.access.roles import require_role, scopes_of
from promptstudio.endpoint.keys import create as create_text
from promptstudio.errors import FieldError
from promptstudio.ids import new_id, ordered_id, workspace_characters
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import ABSENT, Conflict, Put, Store, Write
from promptstudio.storage.records import Record, Stored, created, data, replaced, require_match
from promptstudio.times import rfc3339, seconds

OVERLAP_S: Final = 24 * 3600
OVERLAP_MAX_S: Final = 30 * 24 * 3600

_LIFETIME_MAX_S: Final = 10 * 366 * 24 * 3600
_WORKSPACE_WIDE: Final = frozenset({Scope.deploy, Scope.admin})


class KeyOrder(Record):
    """The key that somebody wants. Without `expires_in_s` it has no end."""

    name: GivenName
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(Scope))] = (Scope.run,)
    prompts: Annotated[tuple[PromptName, ...], Field(min_length=1, max_length=100)] | None = None
    expires_in_s: Annotated[int, Field(ge=60, le=_LIFETIME_MAX_S)] | None = None


class KeyChange(Record):
    """What can be changed of a key; what is left out stays."""

    name: GivenName | None = None


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key at its birth, the only time when its `text` can be read."""

    text: str = field(repr=False)
    found: Stored[ApiKey]


async def create_key(store: Store, by: Principal, order: KeyOrder, now: float) -> MadeKey:
    """A new key; raises PlatformError scope_lacking, prompt_not_in_key or fields_invalid."""
    _require_rights(by, order.scopes, order.prompts)
    expires_at = None if order.expires_in_s is None else rfc3339(now + order.expires_in_s)
    made, writes = await _new_key(store, by, order, expires_at, now)
    await store.transact(writes, operation=new_id("create"))
    return made


async def rename_key(
    store: Store, by: Principal, key: str, change: KeyChange, *, if_match: str | None
) -> Stored[ApiKey]:
    """Change a key's name; raises PlatformError not_found, role_needed, if_match_missing or stale."""
    kept, found = await _changeable(store, by, key, if_match)
    renamed = found.value.model_copy(update={"name": change.name or found.value.name})
    await _replace(store, by.workspace, kept, found, renamed)
    return replaced(found, renamed)


async def revoke_key(
    store: Store, by: Principal, key: str, *, if_match: str | None, now: float
) -> Stored[ApiKey]:
    """End a key: no request that begins a second from now gets in with it.

    Raises PlatformError not_found, role_needed, if_match_missing or stale.
    """
    kept, found = await _changeable(store, by, key, if_match)
    if found.value.revoked_at is not None:
        return found
    revoked = found.value.model_copy(update={"revoked_at": rfc3339(now)})
    await _replace(store, by.workspace, kept, found, revoked)
    return replaced(found, revoked)


async def rotate_key(
    store: Store, by: Principal, key: str, *, overlap_s: int, if_match: str | None, now: float
) -> MadeKey:
    """A new key with the rights of this one, which ends `overlap_s` from now, if it would not sooner.

    Where the old one had an end, the new one lasts as long as it did. Its creator is who rotates.
    Raises PlatformError not_found, role_needed, scope_lacking, key_ended, if_match_missing or stale.
    """
    kept, found = await _changeable(store, by, key, if_match)
    old = found.value
    if not old.in_force(now) or old.replaced_by is not None:
        raise PlatformError("key_ended", id=key)
    _require_rights(by, old.scopes, old.prompts)
    order = KeyOrder(name=old.name, scopes=old.scopes, prompts=old.prompts)
    made, writes = await _new_key(store, by, order, _renewed_end(old, now), now)
    end = now + overlap_s if old.expires_at is None else min(now + overlap_s, seconds(old.expires_at))
    ending = old.model_copy(update={"expires_at": rfc3339(end), "replaced_by": made.found.value.id})
    try:
        await store.transact(
            [_put(by.workspace, kept, ending, found.version), *writes], operation=new_id("rotate")
        )
    except Conflict:
        raise PlatformError("stale") from None
    return made


async def _new_key(
    store: Store, by: Principal, order: KeyOrder, expires_at: str | None, now: float
) -> tuple[MadeKey, list[Write]]:
    """A key with the writes that make it."""
    text = create_text(order.name, workspace_characters(by.workspace), now=datetime.fromtimestamp(now, UTC))
    key = ApiKey(
        id=ordered_id("key", now),
        name=order.name,
        scopes=tuple(sorted(set(order.scopes))),
        prompts=None if order.prompts is None else tuple(sorted(set(order.prompts))),
        created_at=rfc3339(now),
        created_by=await creator(store, by),
        expires_at=expires_at,
    )
    index = Put(key_ids_key(by.workspace), key.id, {"hash": text.hash}, ABSENT)
    writes: list[Write] = [_put(by.workspace, text.hash, key, ABSENT), index]
    return MadeKey(text.key, created(key)), writes


async def _changeable(
    store: Store, by: Principal, key: str, if_match: str | None
) -> tuple[str, Stored[ApiKey]]:
    """The hash and record of a key that this member created, or that an admin may change anyway."""
    kept, found = await find_key(store, by.workspace, key)
    if found.value.created_by != by.id:
        require_role(by, Role.admin)
    require_match(found, if_match)
    return kept, found


async def _replace(store: Store, workspace: str, kept: str, found: Stored[ApiKey], changed: ApiKey) -> None:
    try:
        await store.transact([_put(workspace, kept, changed, found.version)])
    except Conflict:
        raise PlatformError("stale") from None


def _put(workspace: str, kept: str, key: ApiKey, expect: int) -> Put:
    """The write of a record. When a key was last used is kept apart."""
    return Put(keys_key(workspace), kept, data(key.model_copy(update={"last_used_at": None})), expect)


def _renewed_end(old: ApiKey, now: float) -> str | None:
    if old.expires_at is None:
        return None
    return rfc3339(now + seconds(old.expires_at) - seconds(old.created_at))


def _require_rights(by: Principal, scopes: Collection[Scope], prompts: Collection[str] | None) -> None:
    """Raise PlatformError for rights that `by` lacks, or that go beyond the prompts of a limited key."""
    for scope in sorted(scopes):
        if not (by.has(scope) if by.role is None else scope in scopes_of(by.role)):
            raise PlatformError("scope_lacking", scope=scope)
    if prompts is not None and not _WORKSPACE_WIDE.isdisjoint(scopes):
        message = "cannot limit a key with the scope admin or deploy, which reach beyond single prompts"
        raise PlatformError("fields_invalid", errors=[FieldError("/prompts", message)])
    if by.prompts is not None:
        for name in sorted(prompts or ["*"]):
            if name not in by.prompts:
                raise PlatformError("prompt_not_in_key", name=name)
