"""How prompts come to be, are filed elsewhere, and end."""

from promptstudio.access.authors import author
from promptstudio.access.names import PromptName
from promptstudio.access.principal import Principal, Role
from promptstudio.access.roles import require_role
from promptstudio.access.sharing import creator_share, forget_prompt, prompt_key, prompts_key
from promptstudio.ids import new_id
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import ABSENT, TRANSACTION_WRITES, Conflict, Delete, Put, Store
from promptstudio.storage.records import Record, Stored, created, data, replaced, require_match, stored
from promptstudio.times import rfc3339
from promptstudio.workspaces.aliases import aliases_key, no_alias
from promptstudio.workspaces.drafts import draft_put, new_draft
from promptstudio.workspaces.given import Folder, Labels, Tags, Text
from promptstudio.workspaces.history import history_put
from promptstudio.workspaces.prompts import PromptRecord, described, find_prompt, get_prompt, prompt_put
from promptstudio.workspaces.runs import forget_runs
from promptstudio.workspaces.settled import settled


class PromptOrder(Record):
    """The prompt that somebody wants; `text` becomes its draft."""

    name: PromptName
    folder: Folder = ""
    tags: Tags = ()
    text: Text = ""


class PromptChange(Record):
    """What can be changed of a prompt beside its texts; what is left out stays."""

    folder: Folder | None = None
    tags: Tags | None = None
    protected: Labels | None = None


class Deletion(Record):
    """A prompt whose record is deleted and whose other items are being."""

    name: str
    at: str


async def create_prompt(
    store: Store, by: Principal, order: PromptOrder, *, now: float
) -> Stored[PromptRecord]:
    """A new prompt with its draft, shared with its creator as its owner.

    Raises PlatformError exists, also where another prompt has the name as an alias, and prompt_not_in_key.
    """
    if not by.may_touch(order.name):
        raise PlatformError("prompt_not_in_key", name=order.name)
    record = _new_record(by, order, now)
    partition = prompt_key(by.workspace, record.id)
    try:
        await store.transact(
            [
                prompt_put(by.workspace, record, ABSENT),
                no_alias(by.workspace, order.name),
                draft_put(by.workspace, record.id, new_draft(by, order.text, now), ABSENT),
                history_put(partition, by, "created", {"name": order.name}, now),
                *creator_share(by, record.id, now),
            ],
            operation=new_id("create"),
        )
    except Conflict as conflict:
        kind = "prompt" if conflict.index == 0 else "alias"
        raise PlatformError("exists", kind=kind, id=order.name) from None
    return created(record)


def _new_record(by: Principal, order: PromptOrder, now: float) -> PromptRecord:
    at, who = rfc3339(now), author(by)
    record = PromptRecord(
        id=new_id("prm"),
        name=order.name,
        folder=order.folder,
        tags=order.tags,
        labels={},
        protected=(),
        aliases=(),
        latest=0,
        created_at=at,
        created_by=who,
        updated_at=at,
        updated_by=who,
        searched="",
        earlier={},
    )
    return described(record, order.text)


async def change_prompt(
    store: Store, by: Principal, name: str, change: PromptChange, *, if_match: str | None, now: float
) -> Stored[PromptRecord]:
    """File a prompt elsewhere, or say which of its labels only admins move, which only admins do.

    Raises PlatformError not_found, role_needed, if_match_missing or stale.
    """
    if change.protected is not None:
        require_role(by, Role.admin)

    async def attempt() -> Stored[PromptRecord]:
        found = await get_prompt(store, by.workspace, name)
        require_match(found, if_match)
        update = {name: value for name, value in change if value not in (None, getattr(found.value, name))}
        if not update:
            return found
        changed = found.value.model_copy(
            update={**update, "updated_at": rfc3339(now), "updated_by": author(by)}
        )
        told = change.model_dump(mode="json", include=set(update))
        entry = history_put(prompt_key(by.workspace, changed.id), by, "settings_changed", told, now)
        await store.transact(
            [prompt_put(by.workspace, changed, found.version), entry], operation=new_id("change")
        )
        return replaced(found, changed)

    return await settled(attempt)


async def delete_prompt(store: Store, by: Principal, name: str, *, if_match: str | None, now: float) -> None:
    """Delete a prompt with all its versions.

    From the first write on there is no such prompt. What was cut off behind that is finished by the same
    call again, or by the next deletion. Raises PlatformError not_found, if_match_missing or stale.
    """

    async def attempt() -> None:
        found = await find_prompt(store, by.workspace, name)
        if found is None:
            await _require_unfinished(store, by.workspace, name)
            return
        require_match(found, if_match)
        record = found.value
        deletion = Deletion(name=name, at=rfc3339(now))
        await store.transact(
            [
                Delete(prompts_key(by.workspace), name, found.version),
                Put(_deletions_key(by.workspace), record.id, data(deletion)),
                forget_runs(by.workspace, name, now),
                *(Delete(aliases_key(by.workspace), alias) for alias in record.aliases),
            ],
            operation=new_id("delete"),
        )

    await settled(attempt)
    await finish_deletions(store, by.workspace)


async def finish_deletions(store: Store, workspace: str) -> None:
    """Delete what is left of the prompts that are being deleted."""
    while True:
        page = await store.query(_deletions_key(workspace), limit=10)
        for item in page.items:
            await forget_prompt(store, workspace, item.sk)
            await _clear(store, prompt_key(workspace, item.sk))
            await store.transact([Delete(_deletions_key(workspace), item.sk)])
        if page.after is None:
            return


async def _clear(store: Store, partition: str) -> None:
    while True:
        page = await store.query(partition, limit=TRANSACTION_WRITES)
        if page.items:
            await store.transact([Delete(partition, item.sk) for item in page.items])
        if page.after is None:
            return


async def _require_unfinished(store: Store, workspace: str, name: str) -> None:
    """Raise PlatformError not_found unless a prompt of this name is being deleted."""
    page = await store.query(_deletions_key(workspace), limit=1000)
    if not any(stored(Deletion, item).value.name == name for item in page.items):
        raise PlatformError("not_found", kind="prompt", id=name)


def _deletions_key(workspace: str) -> str:
    return f"{workspace}#deletions"
