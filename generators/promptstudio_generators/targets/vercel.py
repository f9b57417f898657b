"""Vercel: a TypeScript project that its command line builds and deploys, for the edge runtime or for Node."""

from collections.abc import Mapping

from promptstudio.values import Json
from promptstudio_generators.targets.options import TargetOptions
from promptstudio_generators.targets.typescript_project import context_of, project_files


def generate(bundle: Mapping[str, Json], options: TargetOptions) -> dict[str, str]:
    """The project's files; see `targets.generate`."""
    folders = ["vercel/common", f"vercel/{options.runtime}"]
    context = {**context_of(bundle, options), "runtime": options.runtime}
    return project_files(folders, bundle, options, context)
