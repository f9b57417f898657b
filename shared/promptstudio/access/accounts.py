"""Accounts: people by their e-mail address and password. One account may belong to several workspaces.

A password's hash is in AccountRecord, which stays in the domain; Account is what others see.
"""

import re
import unicodedata
from hashlib import sha256
from typing import Final

from promptstudio.access import passwords
from promptstudio.errors import FieldError
from promptstudio.ids import new_id
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import ABSENT, Add, Conflict, Put, Store, Write
from promptstudio.storage.records import Record, Stored, data, stored
from promptstudio.times import rfc3339

_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")
_EPOCH: Final = "epoch"
_KIND: Final = "account"


class Account(Record):
    """A person. `email` is in its normal form and nobody else's."""

    id: str
    email: str
    name: str
    created_at: str


class AccountRecord(Account):
    """An account as it is kept. Without a password it is entered by sign-in links alone."""

    password_hash: str | None = None

    def public(self) -> Account:
        """The account without its secrets."""
        return Account(id=self.id, email=self.email, name=self.name, created_at=self.created_at)


def account_key(account: str) -> str:
    """The partition of an account; also of what else precedes a workspace, by sort key."""
    return f"sys#account#{account}"


def _email_key(email: str) -> str:
    return f"sys#email#{sha256(email.encode()).hexdigest()}"


def normal_email(text: str) -> str:
    """An address in the form in which two are the same; raises PlatformError fields_invalid."""
    email = unicodedata.normalize("NFC", text.strip()).lower()
    if not (_EMAIL.fullmatch(email) and email.isprintable()):
        raise PlatformError("fields_invalid", errors=[FieldError("/email", "is no e-mail address")])
    return email


async def new_account(email: str, name: str, password: str | None, now: float) -> AccountRecord:
    """An account that is yet to be written; raises PlatformError fields_invalid."""
    address = normal_email(email)
    kept = None
    if password is not None:
        passwords.require_password(password)
        kept = await passwords.hash_password(password)
    return AccountRecord(
        id=new_id("mem"), email=address, name=name, created_at=rfc3339(now), password_hash=kept
    )


def account_puts(account: AccountRecord) -> list[Write]:
    """The writes that make an account; refused, the first of them, where its address has one already."""
    return [
        Put(_email_key(account.email), _KIND, {"account": account.id}, ABSENT),
        Put(account_key(account.id), _KIND, data(account), ABSENT),
    ]


async def find_account(store: Store, account: str) -> Stored[AccountRecord] | None:
    """The account with this id."""
    item = await store.get(account_key(account), _KIND)
    return None if item is None else stored(AccountRecord, item)


async def find_by_email(store: Store, email: str) -> Stored[AccountRecord] | None:
    """The account with this address; raises PlatformError fields_invalid."""
    item = await store.get(_email_key(normal_email(email)), _KIND)
    return None if item is None else await find_account(store, str(item.data["account"]))


async def authenticate(store: Store, email: str, password: str) -> tuple[Account, int]:
    """The account that an address and a password prove, and its epoch as it was before they were looked at.

    Raises PlatformError sign_in_failed, no sooner for an address that nobody has.
    """
    found = await find_by_email(store, email)
    epoch = 0 if found is None else await read_epoch(store, found.value.id)
    kept = None if found is None else found.value.password_hash
    if not await passwords.verify_password(kept, password) or found is None:
        raise PlatformError("sign_in_failed")
    if kept is not None and passwords.needs_rehash(kept):
        await _rehash(store, found, password)
    return found.value.public(), epoch


async def _rehash(store: Store, found: Stored[AccountRecord], password: str) -> None:
    renewed = found.value.model_copy(update={"password_hash": await passwords.hash_password(password)})
    try:
        await store.transact([Put(account_key(renewed.id), _KIND, data(renewed), found.version)])
    except Conflict:
        pass  # the password was changed meanwhile, and hashed as today


async def password_writes(found: Stored[AccountRecord], password: str, pointer: str) -> list[Write]:
    """The writes that give an account another password and end all its sessions.

    Raises PlatformError fields_invalid with the member at `pointer`.
    """
    passwords.require_password(password, pointer)
    renewed = found.value.model_copy(update={"password_hash": await passwords.hash_password(password)})
    return [Put(account_key(renewed.id), _KIND, data(renewed), found.version), end_sessions(renewed.id)]


async def change_password(store: Store, account: str, current: str, new: str) -> int:
    """Change a password that its owner knows, or give one to an account without; all sessions end.

    Returns the epoch for new ones. Raises PlatformError password_wrong, fields_invalid or stale.
    """
    found = await find_account(store, account)
    if found is None:
        raise PlatformError("not_found", kind="account", id=account)
    kept = found.value.password_hash
    if kept is not None and not await passwords.verify_password(kept, current):
        raise PlatformError("password_wrong")
    writes = await password_writes(found, new, "/new")
    try:
        [counters] = await store.transact(writes)
    except Conflict:
        raise PlatformError("stale") from None
    return counters[_EPOCH]


async def read_epoch(store: Store, account: str) -> int:
    """How often all sessions of an account were ended. Those of an earlier epoch no longer hold."""
    item = await store.get(account_key(account), _EPOCH)
    return 0 if item is None else int(str(item.data[_EPOCH]))


def end_sessions(account: str) -> Add:
    """The write that ends all sessions of an account."""
    return Add(account_key(account), _EPOCH, {_EPOCH: 1})
