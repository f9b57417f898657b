"""A workspace's version or draft made ready to run."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, cast

from promptstudio.platform_errors import PlatformError
from promptstudio.prompts.bundle import Version, load_bundle
from promptstudio.prompts.compile import Compiled, compile_bundle
from promptstudio.prompts.file import Source
from promptstudio.prompts.project_settings import ProjectSettings
from promptstudio.values import Json
from promptstudio.workspaces.texts import Checked, require_no_errors, sources
from promptstudio.workspaces.versions import WholeVersion

DRAFT: Final = 0
"""The number of what was never published."""

_ECHO: Final = "echo/echo"

Available = Callable[[str], bool]
"""Whether a provider's key is there, given the name of its environment variable."""


def version_document(
    name: str, version: WholeVersion, settings: ProjectSettings, available: Available | None = None
) -> dict[str, Json]:
    """The bundle of one version of a prompt, as it was when it was published, with the providers and prices
    that there are now.

    With `available`, echo answers for a provider whose key is not. Raises PlatformError version_unusable
    where its provider is there no longer.
    """
    files = sources(name, version.text, version.partials)
    compiled = _compiled(files, replace(settings, model=version.model), available)
    if compiled.bundle is None:
        reason = next(found.message for found in compiled.diagnostics if found.severity == "error")
        raise PlatformError("version_unusable", number=version.number, reason=reason)
    return _numbered(compiled.bundle, name, version.number)


def draft_document(
    name: str, text: str, checked: Checked, settings: ProjectSettings, available: Available | None = None
) -> dict[str, Json]:
    """The same of a text that was checked, as version 0; raises PlatformError fields_invalid."""
    document = require_no_errors(checked)
    if available is not None:
        document = _compiled(sources(name, text, checked.partials), settings, available).bundle or document
    return _numbered(document, name, DRAFT)


def load_version(document: Mapping[str, Json]) -> Version:
    """The version of a bundle that has one, ready to run."""
    (prompt,) = load_bundle(document).prompts.values()
    (version,) = prompt.versions.values()
    return version


def _compiled(files: list[Source], settings: ProjectSettings, available: Available | None) -> Compiled:
    fallback = None if available is None else _ECHO
    return compile_bundle(files, settings, fallback_model=fallback, available=available)


def _numbered(document: Mapping[str, Json], name: str, number: int) -> dict[str, Json]:
    """The bundle under a name and a number of ours, whatever its text says of them."""
    (prompt,) = cast("Mapping[str, Mapping[str, Json]]", document["prompts"]).values()
    (row,) = cast("Mapping[str, Json]", prompt["versions"]).values()
    numbered: Json = {"aliases": [], "labels": {}, "latest": number, "versions": {str(number): row}}
    return {**document, "prompts": {name: numbered}}
