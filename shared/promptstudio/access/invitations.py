"""Invitations to a workspace, or to one prompt of it, by a link that can be used once.

An invitation holds only while whoever made it might still make it.
"""

from typing import Annotated, Final

from pydantic import Field

from promptstudio.access import passwords
from promptstudio.access.accounts import (
    Account,
    account_puts,
    find_by_email,
    new_account,
    normal_email,
    read_epoch,
)
from promptstudio.access.keys import creator
from promptstudio.access.members import acting, find_member, join_writes, new_member
from promptstudio.access.names import PromptName
from promptstudio.access.principal import Principal, Role
from promptstudio.access.roles import RoleName, ShareRole, require_role
from promptstudio.access.sharing import clear_shares, new_share, prompt_id, require_owner, share_puts
from promptstudio.access.sign_in import Entry
from promptstudio.access.throttle import attempt
from promptstudio.access.tokens import Claim, NewToken, TokenKind, claim, new_token, redeem
from promptstudio.errors import FieldError
from promptstudio.ids import ordered_id
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.listings import Listing, list_records
from promptstudio.storage.port import ABSENT, Conflict, Delete, Put, Store, Write
from promptstudio.storage.records import Record, Stored, created, data, optional, require_match, stored
from promptstudio.times import rfc3339

_EMAIL_LENGTH: Final = 254


class InvitationOrder(Record):
    """Whom somebody wants to invite. With the role guest it names the prompt that they shall see."""

    email: Annotated[str, Field(min_length=3, max_length=_EMAIL_LENGTH)]
    role: RoleName = Field(default=Role.viewer, json_schema_extra={"default": Role.viewer.name})
    prompt: PromptName | None = None
    share: ShareRole | None = None


class Invitation(Record):
    """An invitation that is open. `created_by` is a member; `prompt_id` is that of `prompt`."""

    id: str
    email: str
    role: RoleName
    prompt: PromptName | None = optional()
    prompt_id: str | None = optional()
    share: ShareRole | None = optional()
    created_at: str
    created_by: str
    expires_at: str


def invitations_key(workspace: str) -> str:
    """The partition of a workspace's invitations, by id, which sorts by time."""
    return f"{workspace}#invitations"


async def invite(
    store: Store, by: Principal, order: InvitationOrder, now: float
) -> tuple[Stored[Invitation], NewToken]:
    """Invite somebody; the token goes into the link that they are handed.

    Raises PlatformError fields_invalid, role_needed, not_found (of the prompt), or exists for a member.
    """
    _require_whole(order)
    await _require_may_invite(store, by, order)
    email = normal_email(order.email)
    known = await find_by_email(store, email)
    if known is not None and await find_member(store, by.workspace, known.value.id) is not None:
        raise PlatformError("exists", kind="member", id=email)
    invitation_id = ordered_id("inv", now)
    token = new_token(TokenKind.invitation, by.workspace, {"invitation": invitation_id}, now)
    invitation = Invitation(
        id=invitation_id,
        email=email,
        role=order.role,
        prompt=order.prompt,
        prompt_id=None if order.prompt is None else await prompt_id(store, by.workspace, order.prompt),
        share=None if order.prompt is None else order.share or "viewer",
        created_at=rfc3339(now),
        created_by=await creator(store, by),
        expires_at=rfc3339(token.expires_at),
    )
    key = invitations_key(by.workspace)
    put = Put(key, invitation_id, data(invitation), ABSENT, token.expires_at)
    await store.transact([put, token.put])
    return created(invitation), token


async def list_invitations(
    store: Store, workspace: str, *, cursor: str | None = None, limit: int = 50
) -> Listing[Invitation]:
    """The open invitations, oldest first; raises PlatformError cursor_invalid."""
    return await list_records(store, Invitation, invitations_key(workspace), cursor=cursor, limit=limit)


async def withdraw(store: Store, by: Principal, invitation: str, *, if_match: str | None) -> None:
    """Take an invitation back; its link no longer holds.

    Raises PlatformError not_found, role_needed, if_match_missing or stale.
    """
    found = await get_invitation(store, by, invitation)
    require_match(found, if_match)
    try:
        await store.transact([Delete(invitations_key(by.workspace), invitation, found.version)])
    except Conflict:
        raise PlatformError("stale") from None


async def get_invitation(store: Store, by: Principal, invitation: str) -> Stored[Invitation]:
    """An open invitation, for who made it and for admins; raises PlatformError not_found or role_needed."""
    found = await find_invitation(store, by.workspace, invitation)
    if found is None:
        raise PlatformError("not_found", kind="invitation", id=invitation)
    if found.value.created_by != by.id:
        require_role(by, Role.admin)
    return found


async def find_invitation(store: Store, workspace: str, invitation: str) -> Stored[Invitation] | None:
    """The open invitation with this id."""
    item = await store.get(invitations_key(workspace), invitation)
    return None if item is None else stored(Invitation, item)


async def invited_email(store: Store, text: str) -> str:
    """Whom an invitation was made for; raises PlatformError link_invalid."""
    used = await claim(store, TokenKind.invitation, text)
    found = await find_invitation(store, used.workspace, str(used.subject["invitation"]))
    if found is None:
        raise PlatformError("link_invalid")
    return found.value.email


async def accept(store: Store, text: str, name: str, password: str, *, address: str, now: float) -> Entry:
    """Become a member: with a new account of this name and password, or with one's own if there is one.

    Raises PlatformError link_invalid, fields_invalid, sign_in_failed, sign_in_throttled, or Conflict where
    two accept invitations of one address at the same moment.
    """
    used = await claim(store, TokenKind.invitation, text)
    found = await find_invitation(store, used.workspace, str(used.subject["invitation"]))
    if found is None:
        raise PlatformError("link_invalid")
    inviter = await _inviter(store, used, found.value)
    account, epoch, writes = await _account(store, found.value.email, name, password, address, now)
    spent = Delete(invitations_key(used.workspace), found.value.id, found.version)
    joining = await _joining(store, inviter, found.value, account, now)
    await redeem(store, used, [spent, *writes, *joining])
    return Entry(account.id, used.workspace, epoch)


async def _account(
    store: Store, email: str, name: str, password: str, address: str, now: float
) -> tuple[Account, int, list[Write]]:
    """The account of an address, its epoch, and the writes that make it where it is new."""
    known = await find_by_email(store, email)
    if known is None:
        new = await new_account(email, name, password, now)
        return new.public(), 0, account_puts(new)
    epoch = await read_epoch(store, known.value.id)
    async with attempt(store, email, address, now):
        if not await passwords.verify_password(known.value.password_hash, password):
            raise PlatformError("sign_in_failed")
    return known.value.public(), epoch, []


async def _joining(
    store: Store, inviter: Principal, invitation: Invitation, account: Account, now: float
) -> list[Write]:
    """The writes that make somebody a member, and share with them what the invitation names."""
    workspace = inviter.workspace
    writes: list[Write] = []
    if await find_member(store, workspace, account.id) is None:
        await clear_shares(store, workspace, account.id)
        writes = join_writes(workspace, new_member(account, invitation.role, now))
    if invitation.prompt_id is None or invitation.share is None:
        return writes
    share = new_share(inviter, account.id, invitation.share, now)
    return [*writes, *share_puts(workspace, invitation.prompt_id, share)]


async def _inviter(store: Store, used: Claim, invitation: Invitation) -> Principal:
    """Who made an invitation, as they are now; raises PlatformError link_invalid if they could not today, or
    the prompt is there no longer, whatever has its name now."""
    inviter = await acting(store, used.workspace, invitation.created_by)
    if inviter is None:
        raise PlatformError("link_invalid")
    order = InvitationOrder(email=invitation.email, role=invitation.role, prompt=invitation.prompt)
    try:
        await _require_may_invite(store, inviter, order)
        named = None if order.prompt is None else await prompt_id(store, used.workspace, order.prompt)
    except PlatformError as error:
        if error.problem not in {"role_needed", "not_found"}:
            raise
        raise PlatformError("link_invalid") from None
    if named != invitation.prompt_id:
        raise PlatformError("link_invalid")
    return inviter


async def _require_may_invite(store: Store, by: Principal, order: InvitationOrder) -> None:
    """Members are invited by admins, owners by owners; guests by who may share the prompt with them."""
    if order.role != Role.guest:
        require_role(by, max(Role.admin, order.role))
    if order.prompt is not None:
        await require_owner(store, by, order.prompt)


def _require_whole(order: InvitationOrder) -> None:
    if order.role == Role.guest and order.prompt is None:
        raise PlatformError("fields_invalid", errors=[FieldError("/prompt", "is required for a guest")])
    if order.share is not None and order.prompt is None:
        raise PlatformError("fields_invalid", errors=[FieldError("/share", "is of a prompt: name it")])
