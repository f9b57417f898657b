"""Drafts: the text of a prompt that is being written. It may have errors; only publishing asks for none."""

from typing import Final

from promptstudio.access.authors import Author, author
from promptstudio.access.principal import Principal
from promptstudio.access.sharing import prompt_key
from promptstudio.ids import new_id
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import Put, Store
from promptstudio.storage.records import Record, Stored, data, replaced, require_match, stored
from promptstudio.times import rfc3339
from promptstudio.workspaces.given import Text
from promptstudio.workspaces.history import saved_put
from promptstudio.workspaces.prompts import described, get_prompt, prompt_check, prompt_put
from promptstudio.workspaces.settled import settled

_DRAFT: Final = "draft"


class Draft(Record):
    """A prompt's draft. `base` is the number of the version it goes on from, 0 where there is none."""

    id: str
    text: str
    base: int
    updated_at: str
    updated_by: Author


class DraftChange(Record):
    """A draft's new text."""

    text: Text


def new_draft(by: Principal, text: str, now: float) -> Draft:
    """The first draft of a prompt, yet to be written."""
    return Draft(id=new_id("drf"), text=text, base=0, updated_at=rfc3339(now), updated_by=author(by))


def draft_put(workspace: str, prompt: str, draft: Draft, expect: int) -> Put:
    """The write of the draft of the prompt with this id."""
    return Put(prompt_key(workspace, prompt), _DRAFT, data(draft), expect)


async def get_draft(store: Store, workspace: str, name: str) -> Stored[Draft]:
    """The draft of a prompt; raises PlatformError not_found."""
    return await draft_of(store, workspace, (await get_prompt(store, workspace, name)).value.id, name)


async def draft_of(store: Store, workspace: str, prompt: str, name: str) -> Stored[Draft]:
    """The draft of the prompt with this id and name, which may just have been deleted: then not_found."""
    item = await store.get(prompt_key(workspace, prompt), _DRAFT)
    if item is None:
        raise PlatformError("not_found", kind="prompt", id=name)
    return stored(Draft, item)


async def save_draft(
    store: Store, by: Principal, name: str, change: DraftChange, *, if_match: str | None, now: float
) -> Stored[Draft]:
    """Give a draft another text, under its own ETag; the same text again is no change.

    Raises PlatformError not_found, if_match_missing, stale or item_too_large.
    """

    async def attempt() -> Stored[Draft]:
        found = await get_prompt(store, by.workspace, name)
        draft = await draft_of(store, by.workspace, found.value.id, name)
        require_match(draft, if_match)
        if draft.value.text == change.text:
            return draft
        update = {"text": change.text, "updated_at": rfc3339(now), "updated_by": author(by)}
        saved = draft.value.model_copy(update=update)
        entry = await saved_put(store, prompt_key(by.workspace, found.value.id), by, now)
        unpublished = found.value.latest == 0
        record = described(found.value, change.text)
        await store.transact(
            [
                draft_put(by.workspace, found.value.id, saved, draft.version),
                entry,
                prompt_put(by.workspace, record, found.version)
                if unpublished
                else prompt_check(by.workspace, found),
            ],
            operation=new_id("save"),
        )
        return replaced(draft, saved)

    return await settled(attempt)
