"""Labels: names like `production` that point to a version, and move. A move can be taken back."""

from collections.abc import Callable
from typing import Final

from promptstudio.access.authors import author
from promptstudio.access.principal import Principal, Role
from promptstudio.access.roles import require_role
from promptstudio.access.sharing import prompt_key
from promptstudio.ids import new_id
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import Store
from promptstudio.storage.records import Stored, replaced, require_match
from promptstudio.times import rfc3339
from promptstudio.values import Json
from promptstudio.workspaces.history import What, history_put
from promptstudio.workspaces.prompts import PromptRecord, get_prompt, prompt_put
from promptstudio.workspaces.settled import settled

LABELS_MAX: Final = 50
MOVES_KEPT: Final = 20


async def set_label(
    store: Store, by: Principal, name: str, label: str, number: int, *, if_match: str | None, now: float
) -> Stored[PromptRecord]:
    """Let a label point to a version, under the prompt's ETag; a label that is new begins there.

    Raises PlatformError not_found, role_needed, labels_full, if_match_missing or stale.
    """

    def change(record: PromptRecord) -> PromptRecord:
        if not 1 <= number <= record.latest:
            raise PlatformError("not_found", kind="version", id=number)
        return moved(record, label, number)

    return await _changed(store, by, name, label, "label_moved", change, if_match=if_match, now=now)


async def roll_back(
    store: Store, by: Principal, name: str, label: str, *, if_match: str | None, now: float
) -> Stored[PromptRecord]:
    """Let a label point to the version that it had before its last move; again, to the one before that.

    Raises PlatformError not_found, label_not_moved, role_needed, if_match_missing or stale.
    """

    def change(record: PromptRecord) -> PromptRecord:
        _require(record, label)
        earlier = record.earlier.get(label, ())
        if not earlier:
            raise PlatformError("label_not_moved", label=label)
        return _with(record, label, earlier[-1], earlier[:-1])

    return await _changed(store, by, name, label, "label_rolled_back", change, if_match=if_match, now=now)


async def delete_label(
    store: Store, by: Principal, name: str, label: str, *, if_match: str | None, now: float
) -> Stored[PromptRecord]:
    """Take a label away, and what is known of its moves.

    Raises PlatformError not_found, role_needed, if_match_missing or stale.
    """

    def change(record: PromptRecord) -> PromptRecord:
        _require(record, label)
        labels = {each: number for each, number in record.labels.items() if each != label}
        earlier = {each: numbers for each, numbers in record.earlier.items() if each != label}
        return record.model_copy(update={"labels": labels, "earlier": earlier})

    return await _changed(store, by, name, label, "label_deleted", change, if_match=if_match, now=now)


def moved(record: PromptRecord, label: str, number: int) -> PromptRecord:
    """The record with a label at a version; raises PlatformError labels_full."""
    current = record.labels.get(label)
    if current == number:
        return record
    if current is None and len(record.labels) >= LABELS_MAX:
        raise PlatformError("labels_full", limit=LABELS_MAX)
    before = record.earlier.get(label, ())
    return _with(record, label, number, before if current is None else (*before, current)[-MOVES_KEPT:])


def require_mover(by: Principal, record: PromptRecord, label: str) -> None:
    """Raise PlatformError role_needed for who may not move a protected label."""
    if label in record.protected:
        require_role(by, Role.admin)


def _with(record: PromptRecord, label: str, number: int, earlier: tuple[int, ...]) -> PromptRecord:
    labels = dict(sorted({**record.labels, label: number}.items()))
    return record.model_copy(update={"labels": labels, "earlier": {**record.earlier, label: earlier}})


def _require(record: PromptRecord, label: str) -> None:
    if label not in record.labels:
        raise PlatformError("not_found", kind="label", id=label)


async def _changed(
    store: Store,
    by: Principal,
    name: str,
    label: str,
    what: What,
    change: Callable[[PromptRecord], PromptRecord],
    *,
    if_match: str | None,
    now: float,
) -> Stored[PromptRecord]:
    async def attempt() -> Stored[PromptRecord]:
        found = await get_prompt(store, by.workspace, name)
        require_mover(by, found.value, label)
        require_match(found, if_match)
        changed = change(found.value)
        if changed == found.value:
            return found
        changed = changed.model_copy(update={"updated_at": rfc3339(now), "updated_by": author(by)})
        details = {"label": label, **_move(found.value, changed, label)}
        entry = history_put(prompt_key(by.workspace, changed.id), by, what, details, now)
        await store.transact(
            [prompt_put(by.workspace, changed, found.version), entry], operation=new_id("label")
        )
        return replaced(found, changed)

    return await settled(attempt)


def _move(before: PromptRecord, after: PromptRecord, label: str) -> dict[str, Json]:
    """From which version to which, as far as there are both."""
    ends = {"from": before.labels.get(label), "to": after.labels.get(label)}
    return {end: number for end, number in ends.items() if number is not None}
