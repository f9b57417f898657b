"""What is told of a workspace's providers: how they are reached only to admins, their keys to nobody."""

from collections.abc import Mapping
from typing import Final

from promptstudio.access.principal import Principal, Role
from promptstudio.access.roles import role_in_workspace
from promptstudio.platform_errors import PlatformError
from promptstudio.providers.base import Provider
from promptstudio.providers.catalog import PROVIDERS
from promptstudio.storage.listings import Listing, make_cursor, read_cursor
from promptstudio.storage.port import Store
from promptstudio.storage.records import Record, optional
from promptstudio.workspaces.providers import (
    Credential,
    ProviderType,
    WorkspaceProvider,
    declared_providers,
    find_provider,
)

BUILT_IN: Final[Mapping[str, Provider]] = {
    name: provider for name, provider in PROVIDERS.items() if provider.type != "echo"
}
"""The built-in providers that take a key."""


class KeyAnswer(Record):
    """What is told of a key: where it may go, and how it ends."""

    host: str
    hint: str
    set_at: str
    set_by: str


class ProviderAnswer(Record):
    """A provider. Who does not manage the workspace sees no more than the first four members."""

    name: str
    type: ProviderType
    built_in: bool
    has_key: bool
    base_url: str | None = optional()
    headers: dict[str, str] | None = optional()
    timeout_s: float | None = optional()
    key: KeyAnswer | None = optional()


async def get_provider(store: Store, by: Principal, name: str) -> tuple[ProviderAnswer, str | None]:
    """A provider, and its ETag where the workspace has declared it; raises PlatformError not_found."""
    found = await find_provider(store, by.workspace, name)
    if found is not None:
        return answer(found.value, by), found.etag
    if name not in BUILT_IN:
        raise PlatformError("not_found", kind="provider", id=name)
    return _answer(BUILT_IN[name], None, by), None


async def list_providers(
    store: Store, by: Principal, *, cursor: str | None = None, limit: int = 50
) -> Listing[ProviderAnswer]:
    """The built-in and the declared providers, by name; raises PlatformError cursor_invalid."""
    rows = {name: _answer(provider, None, by) for name, provider in BUILT_IN.items()}
    rows |= {record.name: answer(record, by) for record in await declared_providers(store, by.workspace)}
    after = "" if cursor is None else read_cursor(cursor, "")
    names = [name for name in sorted(rows) if name > after]
    last = names[limit - 1] if len(names) > limit else None
    return Listing(items=[rows[name] for name in names[:limit]], next_cursor=make_cursor(last))


def answer(record: WorkspaceProvider, by: Principal) -> ProviderAnswer:
    """What `by` is told of a declared provider."""
    return _answer(record.as_provider(), record.credential, by)


def _answer(provider: Provider, credential: Credential | None, by: Principal) -> ProviderAnswer:
    shown = ProviderAnswer.model_validate(
        {
            "name": provider.name,
            "type": provider.type,
            "built_in": provider.name in BUILT_IN,
            "has_key": credential is not None,
        }
    )
    if role_in_workspace(by) < Role.admin:
        return shown
    reached = {
        "base_url": provider.base_url,
        "headers": dict(provider.headers),
        "timeout_s": provider.timeout_s,
        "key": None if credential is None else KeyAnswer(**credential.model_dump(exclude={"sealed"})),
    }
    return shown.model_copy(update=reached)
