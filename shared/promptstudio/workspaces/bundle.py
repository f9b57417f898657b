"""A workspace's version or draft made ready to run."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, cast

from promptstudio.platform_errors import PlatformError
from promptstudio.prompts.bundle import Version, load_bundle
from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.project_settings import ProjectSettings
from promptstudio.values import Json
from promptstudio.workspaces.texts import Checked, require_no_errors, sources
from promptstudio.workspaces.versions import WholeVersion

DRAFT: Final = 0
"""The number of what was never published."""

_NAME: Final = "prompt"  # of the file, where the text does not say its own

_Object = Mapping[str, Json]


def compile_version(version: WholeVersion, settings: ProjectSettings) -> Version:
    """A version as it was when it was published, with the providers and prices that there are now.

    Raises PlatformError version_unusable where its provider is there no longer.
    """
    pinned = replace(settings, model=version.model)
    compiled = compile_bundle(sources(_NAME, version.text, version.partials), pinned)
    if compiled.bundle is None:
        reason = next(found.message for found in compiled.diagnostics if found.severity == "error")
        raise PlatformError("version_unusable", number=version.number, reason=reason)
    return _loaded(compiled.bundle, version.number)


def compile_draft(checked: Checked) -> Version:
    """A checked text as version 0; raises PlatformError fields_invalid with all its errors."""
    return _loaded(require_no_errors(checked), DRAFT)


def _loaded(document: _Object, number: int) -> Version:
    """The only version of a bundle, under a number of ours: that of the text says nothing here."""
    ((name, prompt),) = cast("Mapping[str, _Object]", document["prompts"]).items()
    (row,) = cast("_Object", prompt["versions"]).values()
    numbered: dict[str, Json] = {**prompt, "labels": {}, "latest": number, "versions": {str(number): row}}
    (loaded,) = load_bundle({**document, "prompts": {name: numbered}}).prompts.values()
    return loaded.versions[number]
