"""What the TypeScript targets share: the runtime, the documents that it reads, and a smoke test's checks."""

from collections.abc import Mapping, Sequence

from promptstudio.endpoint.openapi import openapi
from promptstudio.values import Json
from promptstudio_generators.names import PromptName, json_file, worker_name
from promptstudio_generators.samples import sample_bodies
from promptstudio_generators.targets.options import TargetOptions
from promptstudio_generators.targets.secrets import KEYS, provider_secrets
from promptstudio_generators.tree import render_templates, typescript_runtime


def context_of(bundle: Mapping[str, Json], options: TargetOptions) -> dict[str, object]:
    """What the templates of every TypeScript target are told."""
    providers = provider_secrets(bundle)
    return {
        "name": worker_name(options.name),
        "store": options.store,
        "variables": {
            "PROMPTSTUDIO_CORS_ORIGINS": ",".join(options.cors_origins),
            "PROMPTSTUDIO_BODY_LIMIT": str(options.body_limit),
        },
        "keys": KEYS,
        "provider_secrets": providers,
        "secrets": [KEYS, *providers],
        "prompt": next(iter(_samples(bundle)), "NAME"),
    }


def project_files(
    folders: Sequence[str], bundle: Mapping[str, Json], options: TargetOptions, context: Mapping[str, object]
) -> dict[str, str]:
    """The files of a target's project: what these folders of templates give, and what every project has."""
    runtime = typescript_runtime(options.store or "none")
    rendered = [render_templates(folder, context) for folder in ("typescript", *folders)]
    document = dict(bundle)
    return {
        **{path: text for files in rendered for path, text in files.items()},
        "src/bundle.json": json_file(document),
        "src/openapi.json": json_file(openapi(document)),
        **{f"test/requests/{name}.json": json_file(body) for name, body in _samples(bundle).items()},
        **{f"src/promptstudio/{path}": text for path, text in runtime.items()},
    }


def _samples(bundle: Mapping[str, Json]) -> dict[PromptName, dict[str, Json]]:
    return {PromptName(name): body for name, body in sample_bodies(bundle).items()}
