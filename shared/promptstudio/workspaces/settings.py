"""A workspace as its members set it up: its name, the model of prompts that name none, and prices."""

from typing import Annotated, Final

from pydantic import Field

from promptstudio.access.authors import Author, author
from promptstudio.access.members import Workspace, workspace_key
from promptstudio.access.names import GivenName
from promptstudio.access.principal import Principal
from promptstudio.errors import FieldError
from promptstudio.platform_errors import PlatformError
from promptstudio.prompts.project_settings import (
    DEFAULT_MODEL,
    ProjectSettings,
    picodollars,
    read_price,
)
from promptstudio.prompts.validate import escaped
from promptstudio.storage.port import ABSENT, Check, Conflict, Item, Put, Store, Write
from promptstudio.storage.records import Record, Stored, data, optional, require_match, stored
from promptstudio.times import rfc3339
from promptstudio.workspaces.providers import load_providers

_RECORD: Final = "workspace"
_SETTINGS: Final = "settings"
_MODEL: Final = "^[^/\\s]+/\\S+$"
_PRICES_MAX: Final = 200

ModelName = Annotated[str, Field(pattern=_MODEL, max_length=200)]
"""`provider/model`."""

Dollars = Annotated[str, Field(max_length=20)]
"""An amount as a decimal number."""


class ModelPrice(Record):
    """What a model costs, in dollars a million tokens. Without `cached` cached input costs as `input`."""

    input: Dollars
    output: Dollars
    cached: Dollars | None = optional()


class WorkspaceSettings(Record):
    """What a workspace has set, as it is kept."""

    model: ModelName = DEFAULT_MODEL
    prices: dict[ModelName, ModelPrice] = Field(default_factory=dict, max_length=_PRICES_MAX)
    updated_at: str | None = optional()
    updated_by: Author | None = optional()


class WorkspaceAnswer(WorkspaceSettings):
    """A workspace and what it has set."""

    id: str
    name: str
    created_at: str


class WorkspaceChange(Record):
    """What can be changed; what is left out stays. `prices` are replaced as a whole."""

    name: GivenName | None = None
    model: ModelName | None = None
    prices: Annotated[dict[ModelName, ModelPrice], Field(max_length=_PRICES_MAX)] | None = None


async def workspace_settings(store: Store, workspace: str) -> WorkspaceSettings:
    """What a workspace has set."""
    return _settings(await store.get(workspace_key(workspace), _SETTINGS))


async def project_settings(store: Store, workspace: str) -> ProjectSettings:
    """The settings that a workspace's prompts are compiled with. No provider's key is in the environment."""
    settings = await workspace_settings(store, workspace)
    return ProjectSettings(
        name=workspace,
        model=settings.model,
        providers=await load_providers(store, workspace),
        declare_providers="among the providers of this workspace",
        prices={
            model: read_price(price.model_dump(exclude_none=True)) for model, price in settings.prices.items()
        },
    )


async def get_workspace(store: Store, workspace: str) -> Stored[WorkspaceAnswer]:
    """A workspace; raises PlatformError not_found."""
    return (await _found(store, workspace))[2]


async def change_workspace(
    store: Store, by: Principal, change: WorkspaceChange, *, if_match: str | None, now: float
) -> Stored[WorkspaceAnswer]:
    """Change a workspace; raises PlatformError fields_invalid, not_found, if_match_missing or stale."""
    await _check(store, by.workspace, change)
    record, settings, found = await _found(store, by.workspace)
    require_match(found, if_match)
    before = found.value
    workspace = Workspace(id=before.id, name=change.name or before.name, created_at=before.created_at)
    changed = WorkspaceSettings(
        model=change.model or before.model,
        prices=before.prices if change.prices is None else change.prices,
        updated_at=rfc3339(now),
        updated_by=author(by),
    )
    key = workspace_key(by.workspace)
    expected = ABSENT if settings is None else settings.version
    renamed = Put(key, _RECORD, data(workspace), record.version)
    if (changed.model, changed.prices) == (before.model, before.prices):
        await _write(store, renamed, Check(key, _SETTINGS, expected))  # the ETag is theirs too
        return _answer(workspace, record.version + 1, _settings(settings), expected)
    await _write(store, renamed, Put(key, _SETTINGS, data(changed), expected))
    return _answer(workspace, record.version + 1, changed, expected + 1)


async def _write(store: Store, *writes: Write) -> None:
    try:
        await store.transact(writes)
    except Conflict:
        raise PlatformError("stale") from None


async def _found(store: Store, workspace: str) -> tuple[Item, Item | None, Stored[WorkspaceAnswer]]:
    """The workspace's two items, and what is told of them under one ETag."""
    record = await store.get(workspace_key(workspace), _RECORD)
    if record is None:
        raise PlatformError("not_found", kind="workspace", id=workspace)
    settings = await store.get(workspace_key(workspace), _SETTINGS)
    version = ABSENT if settings is None else settings.version
    found = _answer(stored(Workspace, record).value, record.version, _settings(settings), version)
    return record, settings, found


def _settings(item: Item | None) -> WorkspaceSettings:
    return WorkspaceSettings() if item is None else stored(WorkspaceSettings, item).value


def _answer(
    workspace: Workspace, version: int, settings: WorkspaceSettings, settings_version: int
) -> Stored[WorkspaceAnswer]:
    answer = WorkspaceAnswer(**dict(workspace), **dict(settings))
    return Stored(answer, version, f'"{version}.{settings_version}"')


async def _check(store: Store, workspace: str, change: WorkspaceChange) -> None:
    """Raise PlatformError fields_invalid for a model of no provider, and for prices that are none."""
    errors: list[FieldError] = []
    provider = change.model.partition("/")[0] if change.model else None
    if provider is not None and provider not in await load_providers(store, workspace):
        errors.append(FieldError("/model", f"there is no provider {provider} here"))
    for model, price in (change.prices or {}).items():
        for member, dollars in price.model_dump(exclude_none=True).items():
            if picodollars(dollars) is None:
                pointer = f"/prices/{escaped(model)}/{member}"
                errors.append(FieldError(pointer, "is not a price in dollars a million tokens"))
    if errors:
        raise PlatformError("fields_invalid", errors=errors)
