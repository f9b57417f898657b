"""Cloudflare Workers: a TypeScript project that wrangler deploys."""

from collections.abc import Mapping

from promptstudio.values import Json
from promptstudio_generators.targets.options import TargetOptions
from promptstudio_generators.targets.typescript_project import context_of, embedded_files
from promptstudio_generators.tree import render_templates


def generate(bundle: Mapping[str, Json], options: TargetOptions) -> dict[str, str]:
    """The project's files; see `targets.generate`."""
    return {**render_templates("cloudflare", context_of(bundle, options)), **embedded_files(bundle)}
