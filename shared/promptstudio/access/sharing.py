"""One prompt shared with a member as its owner, editor or viewer.

On a prompt somebody has the higher of two roles: that in the workspace, and that of their share. A guest of
the workspace has only shares; what was not shared with them does not exist for them.
"""

from typing import Final

from promptstudio.access.names import is_prompt_name
from promptstudio.access.principal import Principal, Role
from promptstudio.access.roles import ShareRole, role_in_workspace
from promptstudio.ids import new_id
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.listings import Listing, list_records
from promptstudio.storage.port import ABSENT, Delete, Put, Store, Write
from promptstudio.storage.records import Record, Stored, data, stored
from promptstudio.times import rfc3339

_SHARE: Final = "share#"
_SHARES_IN_ONE: Final = 12  # each takes two of a transaction's 32 writes


class Share(Record):
    """A prompt shared with a member. `created_by` is the member or the key who did it."""

    id: str
    member: str
    role: ShareRole
    created_at: str
    created_by: str


class SharedPrompt(Record):
    """The same from the member's side: the id of a prompt that is shared with them."""

    prompt: str
    role: ShareRole


def prompts_key(workspace: str) -> str:
    """The partition of a workspace's prompts, by name."""
    return f"{workspace}#prompts"


def prompt_key(workspace: str, prompt: str) -> str:
    """The partition of what belongs to the prompt with this id."""
    return f"{workspace}#prompt#{prompt}"


def shared_key(workspace: str, member: str) -> str:
    """The partition of what is shared with a member, by prompts' ids."""
    return f"{workspace}#shared#{member}"


async def prompt_id(store: Store, workspace: str, name: str) -> str:
    """The id of the prompt with this name; raises PlatformError not_found."""
    item = await store.get(prompts_key(workspace), name)
    if item is None:
        raise PlatformError("not_found", kind="prompt", id=name)
    return str(item.data["id"])


async def role_on_prompt(store: Store, by: Principal, name: str) -> Role:
    """The role that a member has on a prompt; on one that there is not, that of the workspace."""
    role = role_in_workspace(by)
    if not is_prompt_name(name):
        return role
    item = await store.get(prompts_key(by.workspace), name)
    if item is None:
        return role
    share = await find_share(store, by.workspace, str(item.data["id"]), by.id)
    return role if share is None else max(role, Role[share.value.role])


async def find_share(store: Store, workspace: str, prompt: str, member: str) -> Stored[Share] | None:
    """What the prompt with this id is shared with a member as."""
    item = await store.get(prompt_key(workspace, prompt), _SHARE + member)
    return None if item is None else stored(Share, item)


async def get_share(store: Store, workspace: str, name: str, member: str) -> Stored[Share]:
    """What a prompt is shared with a member as; raises PlatformError not_found."""
    found = await find_share(store, workspace, await prompt_id(store, workspace, name), member)
    if found is None:
        raise PlatformError("not_found", kind="share", id=member)
    return found


async def list_shares(
    store: Store, workspace: str, name: str, *, cursor: str | None = None, limit: int = 50
) -> Listing[Share]:
    """Whom a prompt is shared with; raises PlatformError not_found or cursor_invalid."""
    key = prompt_key(workspace, await prompt_id(store, workspace, name))
    return await list_records(store, Share, key, _SHARE, cursor=cursor, limit=limit)


async def list_shared(
    store: Store, workspace: str, member: str, *, cursor: str | None = None, limit: int = 50
) -> Listing[SharedPrompt]:
    """What is shared with a member; raises PlatformError cursor_invalid."""
    key = shared_key(workspace, member)
    return await list_records(store, SharedPrompt, key, cursor=cursor, limit=limit)


def new_share(by: Principal, member: str, role: ShareRole, now: float) -> Share:
    """A share, yet to be written."""
    return Share(id=new_id("shr"), member=member, role=role, created_at=rfc3339(now), created_by=by.id)


def share_puts(workspace: str, prompt: str, share: Share, expect: int | None = ABSENT) -> list[Write]:
    """The writes that share the prompt with this id."""
    mirrored = SharedPrompt(prompt=prompt, role=share.role)
    return [
        Put(prompt_key(workspace, prompt), _SHARE + share.member, data(share), expect),
        Put(shared_key(workspace, share.member), prompt, data(mirrored)),
    ]


def creator_share(by: Principal, prompt: str, now: float) -> list[Write]:
    """The writes by which who creates the prompt with this id becomes its owner; none for a key."""
    if by.is_key:
        return []
    return share_puts(by.workspace, prompt, new_share(by, by.id, "owner", now))


async def clear_shares(store: Store, workspace: str, member: str) -> None:
    """Take back all that is shared with somebody who is no member any more, or not yet."""
    while True:
        page = await store.query(shared_key(workspace, member), limit=_SHARES_IN_ONE)
        if not page.items:
            return
        await store.transact(
            [write for item in page.items for write in share_deletes(workspace, item.sk, member, None)]
        )


async def forget_prompt(store: Store, workspace: str, prompt: str) -> None:
    """Take back all shares of the prompt with this id, which is deleted."""
    while True:
        page = await store.query(prompt_key(workspace, prompt), _SHARE, limit=_SHARES_IN_ONE)
        if not page.items:
            return
        members = [item.sk.removeprefix(_SHARE) for item in page.items]
        await store.transact(
            [write for member in members for write in share_deletes(workspace, prompt, member, None)]
        )


async def require_owner(store: Store, by: Principal, name: str) -> None:
    """Raise PlatformError role_needed unless `by` is an owner of the prompt, or an admin; for a guest who
    was shared nothing of it, not_found."""
    role = await role_on_prompt(store, by, name)
    if role == Role.guest:
        raise PlatformError("not_found", kind="prompt", id=name)
    if role < Role.admin:
        raise PlatformError("role_needed", role=Role.owner.name)


def share_deletes(workspace: str, prompt: str, member: str, expect: int | None) -> list[Write]:
    return [
        Delete(prompt_key(workspace, prompt), _SHARE + member, expect),
        Delete(shared_key(workspace, member), prompt),
    ]
