"""Somebody who works on prompts in a workspace of tests."""

import threading
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import pytest

from promptstudio.access.principal import Principal
from promptstudio.access.sharing import prompt_key
from promptstudio.storage.port import Item, Store
from promptstudio.storage.records import Stored
from promptstudio.workspaces.drafts import Draft, DraftChange, get_draft, save_draft
from promptstudio.workspaces.history import list_history
from promptstudio.workspaces.labels import delete_label, roll_back, set_label
from promptstudio.workspaces.partials import Partial, PartialChange, find_partial, put_partial
from promptstudio.workspaces.prompt_changes import (
    PromptChange,
    PromptOrder,
    change_prompt,
    create_prompt,
    delete_prompt,
)
from promptstudio.workspaces.prompts import PromptRecord, PromptSearch, get_prompt, list_prompts
from promptstudio.workspaces.publishing import ProposalAnswer, PublishOrder, propose_draft, publish
from promptstudio.workspaces.versions import WholeVersion, get_version
from tests.people import World


def prompt(*front: str, body: str = "Hello") -> str:
    """A .prompt text."""
    return "\n".join(["---", *front, "---", body])


def takes(*variables: str, body: str = "Hello") -> str:
    """A .prompt text with these variables, in Picoschema."""
    return prompt("input:", "  schema:", *(f"    {variable}" for variable in variables), body=body)


@dataclass(frozen=True, slots=True)
class Desk:
    """What `by` does. Changes take whatever there is unless an ETag is named."""

    world: World
    by: Principal

    @property
    def store(self) -> Store:
        return self.world.store

    @property
    def workspace(self) -> str:
        return self.by.workspace

    def of(self, by: Principal) -> "Desk":
        return replace(self, by=by)

    def now(self) -> float:
        """The time, which goes on, so that what happens has an order."""
        self.world.clock.now += 0.01
        return self.world.clock()

    async def create(self, name: str, text: str = "Hello", **order: Any) -> Stored[PromptRecord]:
        body = PromptOrder(name=name, text=text, **order)
        return await create_prompt(self.store, self.by, body, now=self.now())

    async def prompt(self, name: str) -> Stored[PromptRecord]:
        return await get_prompt(self.store, self.workspace, name)

    async def change(self, name: str, if_match: str | None = "*", **change: Any) -> Stored[PromptRecord]:
        body = PromptChange(**change)
        return await change_prompt(self.store, self.by, name, body, if_match=if_match, now=self.now())

    async def delete(self, name: str, if_match: str | None = "*") -> None:
        await delete_prompt(self.store, self.by, name, if_match=if_match, now=self.now())

    async def draft(self, name: str) -> Stored[Draft]:
        return await get_draft(self.store, self.workspace, name)

    async def save(self, name: str, text: str, if_match: str | None = "*") -> Stored[Draft]:
        body = DraftChange(text=text)
        return await save_draft(self.store, self.by, name, body, if_match=if_match, now=self.now())

    async def publish(
        self, name: str, text: str | None = None, if_match: str | None = "*", **order: Any
    ) -> WholeVersion:
        body = PublishOrder(text=text, **order)
        made = await publish(self.store, self.by, name, body, if_match=if_match, now=self.now())
        return made.value

    async def propose(self, name: str) -> ProposalAnswer:
        return await propose_draft(self.store, self.by, name, self.now())

    async def version(self, name: str, number: int) -> WholeVersion:
        return (await get_version(self.store, self.workspace, name, number)).value

    async def label(
        self, name: str, label: str, number: int, if_match: str | None = "*"
    ) -> Stored[PromptRecord]:
        return await set_label(self.store, self.by, name, label, number, if_match=if_match, now=self.now())

    async def roll_back(self, name: str, label: str, if_match: str | None = "*") -> Stored[PromptRecord]:
        return await roll_back(self.store, self.by, name, label, if_match=if_match, now=self.now())

    async def unlabel(self, name: str, label: str, if_match: str | None = "*") -> Stored[PromptRecord]:
        return await delete_label(self.store, self.by, name, label, if_match=if_match, now=self.now())

    async def partial(self, name: str, text: str, if_match: str | None = "") -> Stored[Partial]:
        """Make a partial, or give it another text."""
        found = await find_partial(self.store, self.workspace, name)
        match = ("*" if found else None) if if_match == "" else if_match
        body = PartialChange(text=text)
        return await put_partial(self.store, self.by, name, body, if_match=match, now=self.now())

    async def found(self, **search: Any) -> list[str]:
        """The names of the prompts that a search finds, on its first page."""
        page = await list_prompts(self.store, self.by, PromptSearch(**search), limit=100)
        return [each.name for each in page.items]

    async def happened(self, name: str) -> list[tuple[str, dict[str, Any]]]:
        """A prompt's history, newest first."""
        partition = prompt_key(self.workspace, (await self.prompt(name)).value.id)
        page = await list_history(self.store, partition)
        return [(entry.what, entry.details) for entry in page.items]

    async def items(self, pk: str) -> list[Item]:
        return list((await self.store.query(pk, limit=1000)).items)


def off_loop(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> list[bool]:
    """Whether each call of a module's function from now on holds up the event loop."""
    function, seen = getattr(module, name), list[bool]()

    def noting(*args: object, **kwargs: object) -> object:
        seen.append(threading.current_thread() is threading.main_thread())
        return function(*args, **kwargs)

    monkeypatch.setattr(module, name, noting)
    return seen
