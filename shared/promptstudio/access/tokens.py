"""Single-use, expiring tokens, kept as hashes: for invitations, password resets and sign-in links.

A token has 190 random bits and names its workspace. Using one deletes it in the same transaction as
whatever it allows, so that of two who use it at once one succeeds.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from promptstudio.endpoint.keys import new_secret, workspace_of
from promptstudio.ids import new_id, workspace_characters, workspace_id
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import ABSENT, Conflict, Delete, Put, Store, Write
from promptstudio.values import Json


class TokenKind(StrEnum):
    """What a token is for; the values are its prefixes."""

    invitation = "ps_invite_"
    password_reset = "ps_reset_"  # noqa: S105 - a prefix
    sign_in = "ps_signin_"


_LIFETIME_S: Final = {
    TokenKind.invitation: 7 * 24 * 3600,
    TokenKind.password_reset: 24 * 3600,
    TokenKind.sign_in: 3600,
}


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token at its birth, the only time when it can be read, and the write that keeps its hash.

    `expires_at` is in seconds since 1970.
    """

    text: str
    expires_at: int
    put: Put


@dataclass(frozen=True, slots=True)
class Claim:
    """A token that was found. What it allows is written together with `spend`, by `redeem`."""

    workspace: str
    subject: dict[str, Json]
    spend: Delete


def tokens_key(workspace: str) -> str:
    """The partition of a workspace's tokens; their sort keys are hashes."""
    return f"{workspace}#tokens"


def new_token(kind: TokenKind, workspace: str, subject: dict[str, Json], now: float) -> NewToken:
    """A token about `subject`, which `claim` gives back. It holds once `put` is written."""
    text = new_secret(kind, workspace_characters(workspace))
    expires_at = int(now) + _LIFETIME_S[kind]
    put = Put(tokens_key(workspace), _hash(text), subject, ABSENT, expires_at)
    return NewToken(text, expires_at, put)


async def claim(store: Store, kind: TokenKind, text: str) -> Claim:
    """The token of this text; raises PlatformError link_invalid, for garbage without asking the store."""
    characters = workspace_of(kind, text)
    if characters is None:
        raise PlatformError("link_invalid")
    workspace = workspace_id(characters)
    item = await store.get(tokens_key(workspace), _hash(text))
    if item is None:
        raise PlatformError("link_invalid")
    return Claim(workspace, item.data, Delete(item.pk, item.sk, item.version))


async def redeem(store: Store, used: Claim, writes: list[Write]) -> None:
    """Spend the token and do the writes, all or nothing.

    Raises PlatformError link_invalid where somebody else was faster, and Conflict where one of the writes
    does not hold, at its index among them.
    """
    try:
        await store.transact([used.spend, *writes], operation=new_id("redeem"))
    except Conflict as conflict:
        if conflict.index == 0:
            raise PlatformError("link_invalid") from None
        raise Conflict(conflict.index - 1) from None


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
