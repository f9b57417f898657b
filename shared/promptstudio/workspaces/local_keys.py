"""Providers' keys on somebody's own machine: those of its environment serve where the workspace has none."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from pydantic import SecretStr

from promptstudio.prompts.project_settings import ProjectSettings
from promptstudio.providers.base import Provider
from promptstudio.providers.catalog import PROVIDERS
from promptstudio.storage.port import Store
from promptstudio.workspaces.providers import declared_providers

_BUILT_IN: Final = {name: provider.api_key_env for name, provider in PROVIDERS.items()}


@dataclass(frozen=True, slots=True)
class LocalKeys:
    """The keys in `environ`."""

    environ: Mapping[str, str] = field(repr=False)

    def has(self, variable: str) -> bool:
        """Whether the environment has a key under this name."""
        return bool(self.environ.get(variable, "").strip())

    def key(self, provider: Provider) -> SecretStr | None:
        """The environment's key for a built-in provider that is where it has always been."""
        known = PROVIDERS.get(provider.name)
        if known is None or known.base_url != provider.base_url or known.api_key_env is None:
            return None
        return SecretStr(self.environ[known.api_key_env].strip()) if self.has(known.api_key_env) else None

    async def settled(self, store: Store, workspace: str, settings: ProjectSettings) -> ProjectSettings:
        """The settings, with built-in providers that the workspace left as they are taking their keys from
        the environment."""
        declared = {record.name for record in await declared_providers(store, workspace)}
        providers = {
            name: provider if name in declared else replace(provider, api_key_env=_BUILT_IN.get(name))
            for name, provider in settings.providers.items()
        }
        return replace(settings, providers=providers)
