"""Sessions of people: a signed token in a cookie, and a record in the store by which it can be ended.

A token proves who came and to which workspace; what they may is read from the store at each request, so that
sign-out, a changed password, suspension and a changed role hold at once. A session ends 12 hours after its
last use, and 30 days after its beginning.
"""

import asyncio
import copy
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import jwt
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from promptstudio.access.accounts import end_sessions, read_epoch
from promptstudio.access.members import acting
from promptstudio.access.principal import Principal
from promptstudio.ids import new_id
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import ABSENT, Conflict, Delete, Put, Store
from promptstudio.storage.records import Record, data, stored
from promptstudio.times import rfc3339, seconds

IDLE_S: Final = 12 * 3600
LONGEST_S: Final = 30 * 24 * 3600
SECRET_BYTES: Final = 32

_RENEW_EVERY_S: Final = 3600
_AHEAD_S: Final = 60  # how far another machine's clock may be ahead of this one's
_ALGORITHM: Final = "HS256"
_CLAIMS: Final = ("exp", "iat", "sub", "sid", "ws")


class Session(Record):
    """A session as it is kept. `epoch` is the account's when it began."""

    id: str
    account: str
    epoch: int
    created_at: str


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session at its birth. `token` goes into the cookie, `csrf` to the page. `lasts_s` is the longest."""

    id: str
    token: str = field(repr=False)
    csrf: str = field(repr=False)
    lasts_s: int = LONGEST_S


@dataclass(frozen=True, slots=True)
class _Claims:
    account: str
    session: str
    workspace: str


def sessions_key(workspace: str) -> str:
    """The partition of a workspace's sessions, by id."""
    return f"{workspace}#sessions"


class Sessions:
    """The sessions of all workspaces. `secret` has at least 32 bytes, `now` gives seconds since 1970."""

    def __init__(self, store: Store, secret: bytes, now: Callable[[], float]) -> None:
        if len(secret) < SECRET_BYTES:
            raise ValueError(f"the sessions' secret has at least {SECRET_BYTES} bytes")
        self._store = store
        self._now = now
        self._token_key = _derived(secret, b"promptstudio session token")
        self._csrf_key = _derived(secret, b"promptstudio session csrf")

    def over(self, store: Store) -> "Sessions":
        """The same sessions, kept through another way to their store."""
        other = copy.copy(self)
        other._store = store  # noqa: SLF001 - of our own kind
        return other

    async def begin(
        self, account: str, workspace: str, epoch: int, *, since: str | None = None
    ) -> NewSession:
        """Let somebody in who has proved to be this account, a member of this workspace.

        `epoch` is the account's from before the proof was looked at: if sessions were ended since, this one
        is too. `since` is when they proved it, if that was not now.
        """
        now = self._now()
        session = Session(id=new_id("ses"), account=account, epoch=epoch, created_at=since or rfc3339(now))
        await self._store.transact(
            [Put(sessions_key(workspace), session.id, data(session), ABSENT, _end(session, now))]
        )
        return NewSession(session.id, self._sign(session, workspace, now), self.csrf(session.id))

    async def principal(self, token: str) -> Principal | None:
        """Who comes with this token; None for one that does not hold, or no longer."""
        claims = self._read(token)
        if claims is None:
            return None
        item, member, epoch = await asyncio.gather(
            self._store.get(sessions_key(claims.workspace), claims.session),
            acting(self._store, claims.workspace, claims.account),
            read_epoch(self._store, claims.account),
        )
        if item is None or member is None:
            return None
        session = stored(Session, item).value
        if session.account != claims.account or session.epoch != epoch:
            return None
        await self._renew(session, item.pk, item.version, item.expires_at or 0)
        return replace(member, session=session.id)

    def csrf(self, session: str) -> str:
        """What a page of this session sends along with each change."""
        return hmac.new(self._csrf_key, session.encode(), hashlib.sha256).hexdigest()

    async def switch(self, by: Principal, workspace: str) -> NewSession:
        """A session in another workspace of the same person, in the place of this one.

        Raises PlatformError not_found where they are no member there, or suspended.
        """
        member = await acting(self._store, workspace, by.id)
        item = await self._store.get(sessions_key(by.workspace), by.session or "-")
        if member is None:
            raise PlatformError("not_found", kind="workspace", id=workspace)
        if item is None:
            raise PlatformError("sign_in_needed")
        left = stored(Session, item).value
        begun = await self.begin(by.id, workspace, left.epoch, since=left.created_at)
        await self.end(by)
        return begun

    async def end(self, by: Principal) -> None:
        """Sign out: the token no longer holds, wherever a copy of it is."""
        if by.session is not None:
            await self._store.transact([Delete(sessions_key(by.workspace), by.session)])

    async def end_all(self, account: str) -> None:
        """End all sessions of an account, in every workspace."""
        await self._store.transact([end_sessions(account)])

    def _sign(self, session: Session, workspace: str, now: float) -> str:
        claims = {
            "iat": int(now),
            "exp": int(now) + LONGEST_S,
            "sub": session.account,
            "sid": session.id,
            "ws": workspace,
        }
        return jwt.encode(claims, self._token_key, algorithm=_ALGORITHM)

    def _read(self, token: str) -> _Claims | None:
        """The claims of a token of ours that is in force; its times are held against our own clock."""
        unjudged = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        options = {"require": list(_CLAIMS), **unjudged}
        try:
            claims = jwt.decode(token, self._token_key, algorithms=[_ALGORITHM], options=options)  # type: ignore[arg-type]
        except jwt.InvalidTokenError:
            return None
        if not claims["iat"] - _AHEAD_S <= self._now() < claims["exp"]:
            return None
        return _Claims(claims["sub"], claims["sid"], claims["ws"])

    async def _renew(self, session: Session, pk: str, version: int, expires_at: int) -> None:
        """Put off the end of a session that is in use, at most once an hour."""
        now = self._now()
        later = _end(session, now)
        if later - expires_at < _RENEW_EVERY_S:
            return
        try:
            await self._store.transact([Put(pk, session.id, data(session), version, later)])
        except Conflict:
            pass  # renewed by another request meanwhile, or ended, which stands


def _end(session: Session, now: float) -> int:
    """When a session ends that is used now and not again."""
    return int(min(now + IDLE_S, seconds(session.created_at) + LONGEST_S))


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)
