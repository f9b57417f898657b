"""Cloudflare Workers: a TypeScript project that wrangler deploys."""

from collections.abc import Mapping

from promptstudio.values import Json
from promptstudio_generators.targets.options import TargetOptions
from promptstudio_generators.targets.typescript_project import context_of, project_files


def generate(bundle: Mapping[str, Json], options: TargetOptions) -> dict[str, str]:
    """The project's files; see `targets.generate`."""
    return project_files(["cloudflare"], bundle, options, context_of(bundle, options))
