"""Sharing a prompt, and taking that back: what access keeps of it, and an entry in the prompt's history."""

from collections.abc import Sequence

from promptstudio.access.members import get_member, members_key
from promptstudio.access.principal import Principal
from promptstudio.access.roles import ShareRole
from promptstudio.access.sharing import (
    Share,
    find_share,
    new_share,
    prompt_id,
    prompt_key,
    require_owner,
    share_deletes,
    share_puts,
)
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import ABSENT, Check, Conflict, Store, Write
from promptstudio.storage.records import Stored, created, replaced, require_match
from promptstudio.workspaces.history import history_put


async def set_share(
    store: Store,
    by: Principal,
    name: str,
    member: str,
    role: ShareRole,
    *,
    if_match: str | None,
    now: float,
) -> Stored[Share]:
    """Share a prompt with a member, or change what it is shared as, which takes the ETag of the share.

    Raises PlatformError not_found, role_needed, if_match_missing or stale.
    """
    prompt = await _owned(store, by, name)
    with_whom = await get_member(store, by.workspace, member)
    found = await find_share(store, by.workspace, prompt, member)
    if found is not None:
        require_match(found, if_match)
    elif if_match is not None:  # what was seen was taken back since
        raise PlatformError("stale")
    share = new_share(by, member, role, now)
    if found is not None:
        share = share.model_copy(update={"id": found.value.id})
    writes = share_puts(by.workspace, prompt, share, ABSENT if found is None else found.version)
    told = {"member": member, "role": role}
    entry = history_put(prompt_key(by.workspace, prompt), by, "shared", told, now)
    await _write(store, [*writes, entry, Check(members_key(by.workspace), member, with_whom.version)])
    return created(share) if found is None else replaced(found, share)


async def remove_share(
    store: Store, by: Principal, name: str, member: str, *, if_match: str | None, now: float
) -> None:
    """Share a prompt no longer; raises PlatformError not_found, role_needed, if_match_missing or stale."""
    prompt = await _owned(store, by, name)
    found = await find_share(store, by.workspace, prompt, member)
    if found is None:
        raise PlatformError("not_found", kind="share", id=member)
    require_match(found, if_match)
    entry = history_put(prompt_key(by.workspace, prompt), by, "share_removed", {"member": member}, now)
    await _write(store, [*share_deletes(by.workspace, prompt, member, found.version), entry])


async def _owned(store: Store, by: Principal, name: str) -> str:
    """The id of a prompt that `by` may share."""
    await require_owner(store, by, name)
    return await prompt_id(store, by.workspace, name)


async def _write(store: Store, writes: Sequence[Write]) -> None:
    try:
        await store.transact(writes)
    except Conflict:
        raise PlatformError("stale") from None
