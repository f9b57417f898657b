"""Password resets: a link that an admin hands to a member who forgot theirs; nothing is sent by mail.

Whoever holds such a link can become that member. So one is only made for people of no higher role, who belong
to no other workspace, and it holds only while both that and its maker's role last.
"""

from promptstudio.access.accounts import find_account, password_writes, read_epoch
from promptstudio.access.keys import creator
from promptstudio.access.member_changes import outranks, require_rank
from promptstudio.access.members import acting, find_member, get_member, workspaces_of
from promptstudio.access.principal import Principal
from promptstudio.access.tokens import Claim, NewToken, TokenKind, claim, new_token, redeem
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import Conflict, Store


async def new_reset(store: Store, by: Principal, member: str, now: float) -> NewToken:
    """A link by which a member gets another password; raises PlatformError not_found, role_needed or
    reset_elsewhere."""
    found = await get_member(store, by.workspace, member)
    require_rank(by, found.value)
    if await workspaces_of(store, member) != [by.workspace]:
        raise PlatformError("reset_elsewhere")
    epoch, maker = await read_epoch(store, member), await creator(store, by)
    token = new_token(
        TokenKind.password_reset, by.workspace, {"account": member, "epoch": epoch, "by": maker}, now
    )
    await store.transact([token.put])
    return token


async def use_reset(store: Store, text: str, password: str) -> None:
    """Give a member the password of their choice; all their sessions end, and other reset links with them.

    Raises PlatformError link_invalid or fields_invalid.
    """
    used = await claim(store, TokenKind.password_reset, text)
    account = str(used.subject["account"])
    found = await find_account(store, account)
    if found is None or not await _holds(store, used, account):
        raise PlatformError("link_invalid")
    writes = await password_writes(found, password, "/password")
    try:
        await redeem(store, used, writes)
    except Conflict:
        raise PlatformError("link_invalid") from None


async def _holds(store: Store, used: Claim, account: str) -> bool:
    """Whether what the link was made on is still so."""
    maker = await acting(store, used.workspace, str(used.subject["by"]))
    member = await find_member(store, used.workspace, account)
    if maker is None or member is None or await read_epoch(store, account) != used.subject["epoch"]:
        return False
    return outranks(maker, member.value) and await workspaces_of(store, account) == [used.workspace]
