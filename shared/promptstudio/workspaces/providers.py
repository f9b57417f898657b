"""A workspace's providers: where they answer, and the keys that were entrusted to us for them.

A key is sealed for its workspace, its provider's name and the origin of the provider's URL. It is opened for
one request, and opens for no other origin, whatever the store says by then.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from pydantic import Field, SecretStr
from yarl import URL

from promptstudio.outbound import origin
from promptstudio.platform_errors import PlatformError
from promptstudio.providers.base import Provider
from promptstudio.providers.catalog import PROVIDERS
from promptstudio.sealing import Context, Sealer
from promptstudio.storage.port import Store
from promptstudio.storage.records import Record, Stored, stored

ProviderType = Literal["openai", "openai-chat", "anthropic"]


class Credential(Record):
    """A provider's key. `host` is the scheme, host and port it may go to, `hint` its last characters."""

    sealed: str = Field(repr=False)
    host: str
    hint: str
    set_at: str
    set_by: str


class WorkspaceProvider(Record):
    """A provider as a workspace declares it; a built-in one is here once it was given a key, or changed."""

    id: str
    name: str
    type: ProviderType
    base_url: str
    headers: dict[str, str]
    timeout_s: float
    credential: Credential | None = None
    updated_at: str
    updated_by: str

    def as_provider(self) -> Provider:
        """The provider as runs use it."""
        return Provider(self.name, self.type, self.base_url, headers=self.headers, timeout_s=self.timeout_s)


def providers_key(workspace: str) -> str:
    """The partition of a workspace's providers, by name."""
    return f"{workspace}#providers"


def credential_context(workspace: str, name: str, base_url: str) -> Context:
    """What the key of a provider is sealed for."""
    return Context(workspace, f"provider:{name}", origin(URL(base_url)))


async def find_provider(store: Store, workspace: str, name: str) -> Stored[WorkspaceProvider] | None:
    """What a workspace has declared under a name."""
    item = await store.get(providers_key(workspace), name)
    return None if item is None else stored(WorkspaceProvider, item)


async def declared_providers(store: Store, workspace: str) -> list[WorkspaceProvider]:
    """All that a workspace has declared, by name."""
    records: list[WorkspaceProvider] = []
    after: str | None = None
    while True:
        page = await store.query(providers_key(workspace), after=after)
        records += [stored(WorkspaceProvider, item).value for item in page.items]
        after = page.after
        if after is None:
            return records


async def load_providers(store: Store, workspace: str) -> Mapping[str, Provider]:
    """All providers that a workspace's prompts can name. None of them has its key in the environment."""
    built_in = {name: replace(provider, api_key_env=None) for name, provider in PROVIDERS.items()}
    declared = await declared_providers(store, workspace)
    return built_in | {record.name: record.as_provider() for record in declared}


async def key_for(store: Store, sealer: Sealer, workspace: str, provider: Provider) -> SecretStr | None:
    """The workspace's key for a provider at the address that it has here; None where it needs none.

    With the first three arguments given, this is a WorkspaceTransport's Keys. Raises PlatformError
    provider_key_absent, provider_key_unusable or sealing_unavailable, and Unavailable.
    """
    found = await find_provider(store, workspace, provider.name)
    credential = None if found is None else found.value.credential
    if credential is None:
        if found is None or _is_as_built_in(provider):
            raise PlatformError("provider_key_absent", provider=provider.name)
        return None
    try:
        context = credential_context(workspace, provider.name, provider.base_url)
        return await sealer.open(credential.sealed, context)
    except PlatformError as error:
        if error.problem != "seal_invalid":
            raise
        raise PlatformError("provider_key_unusable", provider=provider.name) from None


def _is_as_built_in(provider: Provider) -> bool:
    """Whether this is one of the built-in providers, which all need a key, where it has always been."""
    built_in = PROVIDERS.get(provider.name)
    return built_in is not None and built_in.base_url == provider.base_url
