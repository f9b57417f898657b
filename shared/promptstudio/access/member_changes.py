"""How members come to another role, are suspended, and leave."""

from promptstudio.access.accounts import account_key, end_sessions
from promptstudio.access.members import (
    Member,
    count_owners,
    get_member,
    members_key,
    membership_sort,
)
from promptstudio.access.principal import Principal, Role
from promptstudio.access.roles import RoleName, role_in_workspace
from promptstudio.access.sharing import clear_shares
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import Add, Conflict, Delete, Put, Store, Write
from promptstudio.storage.records import Record, Stored, data, replaced, require_match


class MemberChange(Record):
    """What can be changed of a member; what is left out stays."""

    role: RoleName | None = None
    suspended: bool | None = None


async def change_member(
    store: Store, by: Principal, member: str, change: MemberChange, *, if_match: str | None
) -> Stored[Member]:
    """Give a member another role, suspend one, or let one in again. It holds from their next request on.

    Raises PlatformError not_found, role_needed, last_owner, if_match_missing or stale.
    """
    found = await get_member(store, by.workspace, member)
    require_rank(by, found.value)
    require_match(found, if_match)
    given = {name: value for name, value in change if value is not None}
    changed = found.value.model_copy(update=given)
    require_rank(by, changed)
    put = Put(members_key(by.workspace), member, data(changed), found.version)
    await _write(store, [put, *count_owners(by.workspace, found.value, changed)])
    return replaced(found, changed)


async def remove_member(store: Store, by: Principal, member: str, *, if_match: str | None) -> None:
    """End somebody's membership, and with it the API keys that they created and all their sessions: one from
    before would otherwise hold again if they came back.

    Raises PlatformError not_found, role_needed, last_owner, if_match_missing or stale.
    """
    found = await get_member(store, by.workspace, member)
    require_rank(by, found.value)
    require_match(found, if_match)
    await _write(
        store,
        [
            Delete(members_key(by.workspace), member, found.version),
            Delete(account_key(member), membership_sort(by.workspace)),
            end_sessions(member),
            *count_owners(by.workspace, found.value, None),
        ],
    )
    await clear_shares(store, by.workspace, member)


def require_rank(by: Principal, member: Member) -> None:
    """Raise PlatformError role_needed for who may not deal with this member."""
    if not outranks(by, member):
        raise PlatformError("role_needed", role=max(Role.admin, member.role).name)


def outranks(by: Principal, member: Member) -> bool:
    """Whether `by` is an admin, and the member of no higher role."""
    return role_in_workspace(by) >= max(Role.admin, member.role)


async def _write(store: Store, writes: list[Write]) -> None:
    """Write a change whose first write is of the member and whose last may be the count of the owners."""
    try:
        await store.transact(writes)
    except Conflict as conflict:
        problem = "last_owner" if isinstance(writes[conflict.index], Add) else "stale"
        raise PlatformError(problem) from None
