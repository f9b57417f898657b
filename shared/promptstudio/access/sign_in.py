"""Ways in: an address with its password, or a link that can be used once."""

from dataclasses import dataclass

from promptstudio.access.accounts import authenticate, normal_email, read_epoch
from promptstudio.access.members import acting, workspaces_of
from promptstudio.access.throttle import attempt
from promptstudio.access.tokens import NewToken, TokenKind, claim, new_token, redeem
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import Store


@dataclass(frozen=True, slots=True)
class Entry:
    """What a session is begun with: who, where to, and the account's epoch before the proof was judged."""

    account: str
    workspace: str
    epoch: int


async def sign_in(store: Store, email: str, password: str, *, address: str, now: float) -> Entry:
    """Let in who knows the password; `address` is the peer's.

    Raises PlatformError fields_invalid, sign_in_failed, sign_in_throttled or workspace_missing.
    """
    async with attempt(store, normal_email(email), address, now):
        account, epoch = await authenticate(store, email, password)
    return Entry(account.id, await _first_workspace(store, account.id), epoch)


async def new_sign_in_link(store: Store, workspace: str, account: str, now: float) -> NewToken:
    """A link that lets in whoever uses it first, within the hour, as this member."""
    epoch = await read_epoch(store, account)
    token = new_token(TokenKind.sign_in, workspace, {"account": account, "epoch": epoch}, now)
    await store.transact([token.put])
    return token


async def use_sign_in_link(store: Store, text: str) -> Entry:
    """Let in who has a link; raises PlatformError link_invalid."""
    used = await claim(store, TokenKind.sign_in, text)
    entry = Entry(str(used.subject["account"]), used.workspace, int(str(used.subject["epoch"])))
    await redeem(store, used, [])
    return entry


async def _first_workspace(store: Store, account: str) -> str:
    for workspace in await workspaces_of(store, account):
        if await acting(store, workspace, account) is not None:
            return workspace
    raise PlatformError("workspace_missing")
