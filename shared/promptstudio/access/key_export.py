"""API keys for targets that have no store: their hashes, as PROMPTSTUDIO_KEYS holds them."""

from dataclasses import dataclass

from promptstudio.access.keys import ApiKey, answering, find_key, key_ids_key
from promptstudio.access.principal import Scope
from promptstudio.access.roles import role_in_workspace, scopes_of
from promptstudio.endpoint.keys import KeyRecord
from promptstudio.storage.port import Store


@dataclass(frozen=True, slots=True)
class Export:
    """The records of the keys that may run every prompt; and the keys that may run only some, which a
    target cannot hold them to."""

    records: list[KeyRecord]
    limited: list[ApiKey]


async def export_keys(store: Store, workspace: str, now: float) -> Export:
    """The keys of a workspace that are in force and may run, oldest first."""
    export = Export([], [])
    after: str | None = None
    while True:
        page = await store.query(key_ids_key(workspace), after=after)
        for index in page.items:
            kept, found = await find_key(store, workspace, index.sk)
            if await _may_run(store, workspace, found.value, now):
                _add(export, kept, found.value)
        after = page.after
        if after is None:
            return export


async def _may_run(store: Store, workspace: str, key: ApiKey, now: float) -> bool:
    creator = await answering(store, workspace, key)
    if creator is None or not key.in_force(now):
        return False
    return bool({Scope.run, Scope.admin} & set(key.scopes)) and Scope.run in scopes_of(
        role_in_workspace(creator)
    )


def _add(export: Export, kept: str, key: ApiKey) -> None:
    if key.prompts is not None:
        export.limited.append(key)
    else:
        export.records.append(KeyRecord(key.id, key.name, kept, key.created_at, key.expires_at))
