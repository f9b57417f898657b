"""Cloudflare Workers: a TypeScript project that wrangler deploys."""

from collections.abc import Mapping
from typing import Final, cast

from promptstudio.endpoint.openapi import openapi
from promptstudio.values import Json
from promptstudio_generators.names import EnvironmentName, PromptName, json_file, worker_name
from promptstudio_generators.samples import sample_bodies
from promptstudio_generators.targets.options import TargetOptions
from promptstudio_generators.tree import render_templates, typescript_runtime

_KEYS: Final = EnvironmentName("PROMPTSTUDIO_KEYS")


def generate(bundle: Mapping[str, Json], options: TargetOptions) -> dict[str, str]:
    """The project's files; see `targets.generate`."""
    document = cast("dict[str, Json]", dict(bundle))
    samples = {PromptName(name): body for name, body in sample_bodies(document).items()}
    provider_secrets = _provider_secrets(document)
    context = {
        "name": worker_name(options.name),
        "variables": {
            "PROMPTSTUDIO_CORS_ORIGINS": ",".join(options.cors_origins),
            "PROMPTSTUDIO_BODY_LIMIT": str(options.body_limit),
        },
        "keys": _KEYS,
        "provider_secrets": provider_secrets,
        "secrets": [_KEYS, *provider_secrets],
        "prompt": next(iter(samples), "NAME"),
    }
    runtime = {f"src/promptstudio/{path}": text for path, text in typescript_runtime().items()}
    data = {
        "src/bundle.json": json_file(document),
        "src/openapi.json": json_file(openapi(document)),
        **{f"test/requests/{name}.json": json_file(body) for name, body in samples.items()},
    }
    return {**render_templates("cloudflare", context), **data, **runtime}


def _provider_secrets(bundle: Mapping[str, Json]) -> list[EnvironmentName]:
    """The environment variables that hold the providers' keys, each once."""
    providers = cast("dict[str, dict[str, str]]", bundle["providers"])
    named = {EnvironmentName(row["api_key_env"]) for row in providers.values() if "api_key_env" in row}
    return sorted(named - {_KEYS})
