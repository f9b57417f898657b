"""Workspaces and people for tests, on an embedded store with a clock that goes when it is told to."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from promptstudio.access.accounts import AccountRecord, account_puts, find_account, new_account
from promptstudio.access.members import join_writes, new_member, new_workspace
from promptstudio.access.principal import Principal, Role
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import Put, Store
from promptstudio.storage.sqlite import SqliteStore

START_S = 1_800_000_000.0

_numbers = count(1)


class Clock:
    """Seconds since 1970."""

    def __init__(self, now: float = START_S) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class World:
    """A store with one workspace, and its owner."""

    store: Store
    clock: Clock
    workspace: str
    owner: Principal
    secret: bytes = field(default=b"s" * 32)

    async def join(self, role: Role, password: str | None = None, *, workspace: str = "") -> Principal:
        """Somebody new in the workspace, or in another one."""
        account = await account_in(self.store, self.clock, password)
        into = workspace or self.workspace
        await self.store.transact(join_writes(into, new_member(account.public(), role, self.clock())))
        return Principal(into, account.id, account.name, role=role)

    async def belong(self, person: Principal, workspace: str, role: Role) -> Principal:
        """Somebody who is known already in another workspace too."""
        found = await find_account(self.store, person.id)
        assert found is not None
        account = found.value.public()
        await self.store.transact(join_writes(workspace, new_member(account, role, self.clock())))
        return Principal(workspace, account.id, account.name, role=role)

    async def prompt(self, name: str, *, workspace: str = "") -> str:
        """A prompt as the access rules see it; returns its id."""
        prompt = f"prm_{name}"
        await self.store.transact([Put(f"{workspace or self.workspace}#prompts", name, {"id": prompt})])
        return prompt


async def account_in(store: Store, clock: Clock, password: str | None = None) -> AccountRecord:
    """An account of its own, written."""
    number = next(_numbers)
    account = await new_account(f"person{number}@example.com", f"Person {number}", password, clock())
    await store.transact(account_puts(account))
    return account


async def workspace_in(store: Store, clock: Clock, password: str | None = None) -> Principal:
    """The owner of a new workspace."""
    account = await account_in(store, clock, password)
    workspace, writes = new_workspace("Acme", account.public(), clock())
    await store.transact(writes)
    return Principal(workspace.id, account.id, account.name, role=Role.owner)


async def problem_of(call: Awaitable[object]) -> str:
    """The row of the refusal that a call ends with; empty where it is done."""
    try:
        await call
    except PlatformError as error:
        return error.problem
    return ""


async def world_in(folder: Path) -> World:
    """A world on a new store in the folder; close the store at the end."""
    clock = Clock()
    store = SqliteStore(folder / "promptstudio.db", now=clock)
    owner = await workspace_in(store, clock)
    return World(store, clock, owner.workspace, owner)
