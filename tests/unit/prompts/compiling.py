"""Files compiled for the tests of the compiler, and what is said of them."""

from datetime import date
from typing import Any

from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.file import Source
from promptstudio.prompts.project_settings import ProjectSettings

SETTINGS = ProjectSettings("acme")
TODAY = date(2026, 11, 20)


def compiled(*texts: str, settings: ProjectSettings = SETTINGS, **files: str) -> Any:
    """The bundle of files p.prompt, p2.prompt … and of those that are named, `_x` for partials."""
    named = {"p" if index == 0 else f"p{index + 1}": text for index, text in enumerate(texts)} | files
    sources = [Source(f"prompts/{name}.prompt", text) for name, text in named.items()]
    return compile_bundle(sources, settings, today=TODAY)


def said(*texts: str, **files: Any) -> list[str]:
    result = compiled(*texts, **files)
    assert (result.bundle is None) == any(found.severity == "error" for found in result.diagnostics)
    return [str(found).removeprefix("prompts/") for found in result.diagnostics]


def version_of(text: str, **files: Any) -> Any:
    result = compiled(text, **files)
    assert result.bundle is not None, result.diagnostics
    (version,) = result.bundle["prompts"]["p"]["versions"].values()
    return version


def front(*lines: str, body: str = "") -> str:
    return "\n".join(["---", *lines, "---", body])
