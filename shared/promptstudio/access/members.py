"""Members of a workspace: who belongs to it, as what, and who may change that.

A workspace always has an owner who is not suspended. The owners are counted below zero, since a counter of
the store has a ceiling: it refuses to leave -1, whoever changes what at the same moment.
"""

from typing import Final

from promptstudio.access.accounts import Account, account_key
from promptstudio.access.principal import Principal, Role
from promptstudio.access.roles import RoleName
from promptstudio.ids import new_workspace_id
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.listings import Listing, list_records
from promptstudio.storage.port import ABSENT, Add, Put, Store, Write
from promptstudio.storage.records import Record, Stored, data, stored
from promptstudio.times import rfc3339

_MEMBERSHIP: Final = "in#"
_OWNERS: Final = "below_zero"


class Workspace(Record):
    """What holds prompts, members and keys."""

    id: str
    name: str
    created_at: str


class Member(Record):
    """A person in a workspace; `id` is that of their account."""

    id: str
    email: str
    name: str
    role: RoleName
    suspended: bool = False
    joined_at: str

    def identity(self) -> str:
        """The membership's: who has left and comes again has another one."""
        return f"{self.id}.{self.joined_at}"


class Membership(Record):
    """That an account belongs to a workspace, as kept with the account."""

    workspace: str


class Place(Record):
    """A workspace that somebody can go to, and as what."""

    id: str
    name: str
    role: RoleName


def workspace_key(workspace: str) -> str:
    """The partition of what there is once in a workspace."""
    return f"{workspace}#workspace"


def members_key(workspace: str) -> str:
    """The partition of a workspace's members, by id."""
    return f"{workspace}#members"


def membership_sort(workspace: str) -> str:
    """The sort key, at the account, of its belonging to a workspace."""
    return _MEMBERSHIP + workspace


def new_workspace(name: str, owner: Account, now: float) -> tuple[Workspace, list[Write]]:
    """A workspace with its owner, and the writes that make it, beside those that make the account."""
    workspace = Workspace(id=new_workspace_id(), name=name, created_at=rfc3339(now))
    put = Put(workspace_key(workspace.id), "workspace", data(workspace), ABSENT)
    return workspace, [put, *join_writes(workspace.id, new_member(owner, Role.owner, now))]


async def get_workspace(store: Store, workspace: str) -> Workspace:
    """A workspace; raises PlatformError not_found."""
    item = await store.get(workspace_key(workspace), "workspace")
    if item is None:
        raise PlatformError("not_found", kind="workspace", id=workspace)
    return stored(Workspace, item).value


def new_member(account: Account, role: Role, now: float) -> Member:
    """An account as a member, yet to be written."""
    return Member(id=account.id, email=account.email, name=account.name, role=role, joined_at=rfc3339(now))


def join_writes(workspace: str, member: Member) -> list[Write]:
    """The writes by which somebody becomes a member; refused, the first of them, for who is one already."""
    return [
        Put(members_key(workspace), member.id, data(member), ABSENT),
        Put(account_key(member.id), membership_sort(workspace), data(Membership(workspace=workspace))),
        *count_owners(workspace, None, member),
    ]


async def find_member(store: Store, workspace: str, member: str) -> Stored[Member] | None:
    """A member, suspended or not."""
    item = await store.get(members_key(workspace), member)
    return None if item is None else stored(Member, item)


async def get_member(store: Store, workspace: str, member: str) -> Stored[Member]:
    """A member; raises PlatformError not_found."""
    found = await find_member(store, workspace, member)
    if found is None:
        raise PlatformError("not_found", kind="member", id=member)
    return found


async def acting(store: Store, workspace: str, member: str) -> Principal | None:
    """A member as who acts; None for who has left or is suspended."""
    found = await find_member(store, workspace, member)
    return None if found is None else acting_as(workspace, found.value)


def acting_as(workspace: str, member: Member) -> Principal | None:
    """The same of a member that was read."""
    return None if member.suspended else Principal(workspace, member.id, member.name, role=member.role)


async def list_members(
    store: Store, workspace: str, *, cursor: str | None = None, limit: int = 50
) -> Listing[Member]:
    """The members by id; raises PlatformError cursor_invalid."""
    return await list_records(store, Member, members_key(workspace), cursor=cursor, limit=limit)


async def places_of(store: Store, account: str) -> list[Place]:
    """The workspaces in which a person is let in."""
    places: list[Place] = []
    for workspace in await workspaces_of(store, account):
        member = await acting(store, workspace, account)
        if member is not None and member.role is not None:
            name = (await get_workspace(store, workspace)).name
            places.append(Place(id=workspace, name=name, role=member.role))
    return places


async def workspaces_of(store: Store, account: str) -> list[str]:
    """The workspaces that an account belongs to, suspended or not."""
    workspaces: list[str] = []
    after: str | None = None
    while True:
        page = await store.query(account_key(account), _MEMBERSHIP, after=after)
        workspaces += [stored(Membership, item).value.workspace for item in page.items]
        after = page.after
        if after is None:
            return workspaces


def count_owners(workspace: str, before: Member | None, after: Member | None) -> list[Write]:
    """The writes that a change of a member brings to the count of the owners; None is no member."""
    change = _is_owner(after) - _is_owner(before)
    if change == 0:
        return []
    return [Add(workspace_key(workspace), "owners", {_OWNERS: -change}, {_OWNERS: -1})]


def _is_owner(member: Member | None) -> bool:
    return member is not None and member.role == Role.owner and not member.suspended
