"""Vercel: a TypeScript project that its command line builds and deploys, for the edge runtime or for Node."""

from collections.abc import Mapping
from typing import Final

from promptstudio.values import Json
from promptstudio_generators.names import EnvironmentName
from promptstudio_generators.targets.options import TargetOptions
from promptstudio_generators.targets.secrets import store_secrets
from promptstudio_generators.targets.typescript_project import context_of, project_files

_INTEGRATION: Final = (EnvironmentName("KV_REST_API_URL"), EnvironmentName("KV_REST_API_TOKEN"))
"""What Vercel's integration with Upstash sets."""


def generate(bundle: Mapping[str, Json], options: TargetOptions) -> dict[str, str]:
    """The project's files; see `targets.generate`."""
    folders = ["vercel/common", f"vercel/{options.runtime}"]
    context = {
        **context_of(bundle, options),
        "runtime": options.runtime,
        "store_secrets": store_secrets(bundle, options, *_INTEGRATION),
    }
    return project_files(folders, bundle, options, context)
