"""`prompts.lock`: which prompts a package was made for. Every language ships the same one."""

from typing import Final

from promptstudio_generators.names import json_file
from promptstudio_generators.sdks.model import Package

LOCK: Final = "prompts.lock"
"""Every generated SDK has it at its top: by that we know our own folders."""

_FORMAT: Final = 1


def prompts_lock(package: Package) -> str:
    """The file's text. `label` stands where calls follow one; else they send `version`."""
    return json_file(
        {
            "format": _FORMAT,
            "bundle": package.bundle_hash,
            **({"label": package.label} if package.label is not None else {}),
            "prompts": [
                {"name": each.name, "version": each.version, "schema": each.schema_hash}
                for each in package.prompts
            ],
        }
    )
