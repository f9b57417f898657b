"""Bundles made of a few lines of .prompt files."""

from collections.abc import Mapping

from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.file import Source
from promptstudio.prompts.project_settings import ProjectSettings
from promptstudio.values import Json

GREET = """\
---
description: Greets somebody.
model: echo/echo
input:
  schema:
    name: string, whom to greet
    tone?(enum, how to greet): [warm, formal]
  default:
    tone: warm
---
Greet {{name}}, {{tone}}.
"""

SORT = """\
---
model: echo/echo
input:
  schema:
    ticket: string
output:
  format: json
  schema:
    label(enum): [bug, idea]
    urgent?: boolean
---
Sort {{ticket}}.
"""


def bundle_of(prompts: Mapping[str, str]) -> dict[str, Json]:
    """The bundle of .prompt files, by the prompts' names."""
    sources = [Source(f"{name}.prompt", text) for name, text in prompts.items()]
    compiled = compile_bundle(sources, ProjectSettings(name="acme"))
    assert compiled.bundle is not None, compiled.diagnostics
    return compiled.bundle
