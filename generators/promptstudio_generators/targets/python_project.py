"""What the Python targets share: the modules that `serve` runs, the bundle, and a smoke test."""

from collections.abc import Mapping, Sequence

from promptstudio.values import Json
from promptstudio_generators.names import PromptName, json_file
from promptstudio_generators.python_runtime import python_runtime
from promptstudio_generators.samples import sample_bodies
from promptstudio_generators.targets.options import TargetOptions
from promptstudio_generators.targets.secrets import KEYS, provider_secrets, store_secrets
from promptstudio_generators.tree import render_templates


def context_of(bundle: Mapping[str, Json], options: TargetOptions) -> dict[str, object]:
    """What the templates of every Python target are told."""
    providers = provider_secrets(bundle)
    of_store = store_secrets(bundle, options)
    return {
        "variables": {
            "PROMPTSTUDIO_CORS_ORIGINS": ",".join(options.cors_origins),
            "PROMPTSTUDIO_BODY_LIMIT": str(options.body_limit),
        },
        "keys": KEYS,
        "provider_secrets": providers,
        "store": options.store,
        "store_secrets": of_store,
        "secrets": [KEYS, *providers, *of_store],
        "prompt": next(iter(_samples(bundle)), "NAME"),
    }


def project_files(
    folders: Sequence[str],
    bundle: Mapping[str, Json],
    context: Mapping[str, object],
    modules: Sequence[str],
    source: str = "",
) -> dict[str, str]:
    """The files of a target's project: what these folders of templates give, the last one where several do,
    and what every project has. Its code lies in the folder `source` and imports these modules."""
    rendered = [render_templates(folder, context) for folder in ("python", *folders)]
    return {
        **{path: text for files in rendered for path, text in files.items()},
        f"{source}bundle.json": json_file(dict(bundle)),
        **{f"test/requests/{name}.json": json_file(body) for name, body in _samples(bundle).items()},
        **{f"{source}promptstudio/{path}": text for path, text in python_runtime(*modules).items()},
    }


def _samples(bundle: Mapping[str, Json]) -> dict[PromptName, dict[str, Json]]:
    return {PromptName(name): body for name, body in sample_bodies(bundle).items()}
