"""The secrets that a project needs: they are set at the cloud, and stand in no file."""

from collections.abc import Mapping
from typing import Final, cast

from promptstudio.values import Json
from promptstudio_generators.names import EnvironmentName
from promptstudio_generators.targets.options import TargetOptions

KEYS: Final = EnvironmentName("PROMPTSTUDIO_KEYS")
"""The hashes of the API keys that may call."""

_UPSTASH: Final = (EnvironmentName("UPSTASH_REDIS_REST_URL"), EnvironmentName("UPSTASH_REDIS_REST_TOKEN"))
"""Where the database is, and the token that opens it."""


def provider_secrets(bundle: Mapping[str, Json]) -> list[EnvironmentName]:
    """The environment variables that hold the providers' keys, each once."""
    providers = cast("Mapping[str, Mapping[str, str]]", bundle["providers"])
    named = {EnvironmentName(row["api_key_env"]) for row in providers.values() if "api_key_env" in row}
    return sorted(named - {KEYS})


def store_secrets(
    bundle: Mapping[str, Json], options: TargetOptions, *more: EnvironmentName
) -> list[EnvironmentName]:
    """The environment variables that lead to the store, and `more`; without those that providers have too."""
    if options.store != "upstash":
        return []
    named = {KEYS, *provider_secrets(bundle)}
    return [name for name in (*_UPSTASH, *more) if name not in named]
