"""Cloudflare Workers: a TypeScript project that wrangler deploys."""

from collections.abc import Mapping
from typing import Final

from promptstudio.values import Json
from promptstudio_generators.names import UnfitNameError
from promptstudio_generators.targets.options import TargetOptions
from promptstudio_generators.targets.prompts import prompts_with
from promptstudio_generators.targets.secrets import provider_secrets
from promptstudio_generators.targets.typescript_project import context_of, project_files

_BOUND: Final = frozenset({"PROMPTSTUDIO_CACHE", "PROMPTSTUDIO_CLAIMS", "PROMPTSTUDIO_COUNTS"})
"""The names that the templates and state-durable-objects.ts know."""


def generate(bundle: Mapping[str, Json], options: TargetOptions) -> dict[str, str]:
    """The project's files; see `targets.generate`.

    Raises UnfitNameError too where a provider's key has the name of something that is bound here.
    """
    for secret in provider_secrets(bundle):
        if secret in _BOUND:
            raise UnfitNameError("the name of a provider's key at Cloudflare", secret)
    has_store = options.store != "none"
    shared = context_of(bundle, options)
    context = {
        **shared,
        "has_store": has_store,
        "has_cache": has_store and bool(prompts_with(bundle, "cache")),
        "domain": options.domain,
        "address": options.domain or f"{shared['name']}.YOUR-SUBDOMAIN.workers.dev",
    }
    return project_files(["cloudflare"], bundle, options, context)
