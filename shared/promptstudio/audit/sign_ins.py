"""Sign-ins that were refused, in the audit log of each workspace that the account belongs to.

What makes entries of anybody's attempts has to have a bound: an account has so many judged attempts in a
window as `throttle` lets through, and of what it does not count one is told. An address that nobody has costs
as many writes as an account of one workspace, though fewer reads, and leaves nothing for long.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Final

from promptstudio.access.accounts import Account, find_account, find_by_email
from promptstudio.access.members import workspaces_of
from promptstudio.access.throttle import WINDOW_S
from promptstudio.audit.entries import Actor, Entry, Source, Target
from promptstudio.audit.log import AuditLog
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import ABSENT, Conflict, Put, Write

FAILED: Final = "sign_in.failed"
THROTTLED: Final = "sign_in.throttled"
SHUT_OUT: Final = "sign_in.shut_out"

_REFUSALS: Final = {
    "sign_in_failed": FAILED,
    "password_wrong": FAILED,
    "sign_in_throttled": THROTTLED,
    "workspace_missing": SHUT_OUT,
}
_WORKSPACES: Final = 20


@asynccontextmanager
async def refusals_told(log: AuditLog, who: str, source: Source, now: float) -> AsyncIterator[None]:
    """Around the proof of a password: `who` is an e-mail address, or an account's id.

    Whatever it raises is raised; that the proof failed, or came too often, is told first.
    """
    try:
        yield
    except PlatformError as refusal:
        action = _REFUSALS.get(refusal.problem)
        if action is not None:
            await _tell(log, action, who, source, now)
        raise


async def _tell(log: AuditLog, action: str, who: str, source: Source, now: float) -> None:
    account = await _account(log, who)
    ends_at = (int(now // WINDOW_S) + 1) * WINDOW_S
    workspaces = await workspaces_of(log.store, "mem_nobody" if account is None else account.id)
    entry = _entry(action, account, source)
    if account is None or not workspaces:
        nobody = f"sys#nobody#{sha256(who.encode()).hexdigest()}"
        await _once(log.write_for_nobody(nobody, _marks(action, nobody, who, ends_at), entry, ends_at))
        return
    told = [
        _once(log.write(workspace, _marks(action, workspace, account.id, ends_at), [entry]))
        for workspace in workspaces[:_WORKSPACES]
    ]
    # Each to its end: a log that cannot be written is no reason for another one to lack its entry.
    for outcome in await asyncio.gather(*told, return_exceptions=True):
        if outcome is not None:
            raise outcome


async def _once(writing: Awaitable[object]) -> None:
    """Have an entry written, where none is there already that was to be once in this window."""
    try:
        await writing
    except Conflict:
        pass


async def _account(log: AuditLog, who: str) -> Account | None:
    found = await (find_by_email if "@" in who else find_account)(log.store, who)
    return None if found is None else found.value.public()


def _marks(action: str, place: str, who: str, ends_at: int) -> list[Write]:
    """What is there once in a window, for refusals that nothing else bounds."""
    if action == FAILED:
        return []
    name = sha256(who.encode()).hexdigest()
    return [Put(f"{place}#audit_marks", f"{action}#{name}#{ends_at}", {}, ABSENT, ends_at)]


def _entry(action: str, account: Account | None, source: Source) -> Entry:
    """An entry by who did not prove to be this account."""
    whom, name = ("nobody", None) if account is None else (account.id, account.name)
    actor = Actor(kind="address", id=source.ip or "", name="")
    return Entry(action, actor, source, Target(kind="member", id=whom, name=name))
