"""What is wrong with a text, and what it would be as a version: compiled as its workspace is set up now."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from promptstudio.errors import FieldError
from promptstudio.platform_errors import PlatformError
from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.diagnostics import Diagnostic, Severity
from promptstudio.prompts.file import Source, parse_file
from promptstudio.storage.port import Store
from promptstudio.storage.records import Record, optional
from promptstudio.values import Json
from promptstudio.workspaces.partials import TooManyPartialsError, reached_partials
from promptstudio.workspaces.settings import project_settings

_FOUND_MAX: Final = 100


class Finding(Record):
    """What is wrong, or doubtful, at a place in a text; in that of a partial where one is named."""

    line: int
    column: int
    severity: Severity
    message: str
    partial: str | None = optional()


@dataclass(frozen=True, slots=True)
class Checked:
    """A text that was compiled. `bundle` is one of this prompt alone, None where the text has errors;
    `partials` are the texts of those it brings in."""

    findings: tuple[Finding, ...]
    partials: Mapping[str, str]
    bundle: Mapping[str, Json] | None = None


async def check_text(store: Store, workspace: str, name: str, text: str, now: float) -> Checked:
    """Compile a text as the prompt of this name with the partials and settings that there are now."""
    settings = await project_settings(store, workspace)
    try:
        partials = await reached_partials(store, workspace, text)
    except TooManyPartialsError as error:
        return Checked((Finding(line=1, column=1, severity="error", message=str(error)),), {})
    today = datetime.fromtimestamp(now, UTC).date()
    files = sources(name, text, partials)
    compiled = await asyncio.to_thread(compile_bundle, files, settings, today=today)
    found = compiled.diagnostics[:_FOUND_MAX]
    if compiled.bundle is None:
        return Checked(tuple(_finding(each, name) for each in found), partials)
    prompts = cast("Mapping[str, Mapping[str, Json]]", compiled.bundle["prompts"])
    if name not in prompts:
        found = [_misnamed(name, text), *found]
        return Checked(tuple(_finding(each, name) for each in found), partials)
    return Checked(tuple(_finding(each, name) for each in found), partials, compiled.bundle)


def require_no_errors(checked: Checked) -> Mapping[str, Json]:
    """The bundle of a text; raises PlatformError fields_invalid with all its errors."""
    if checked.bundle is not None:
        return checked.bundle
    errors = [found for found in checked.findings if found.severity == "error"]
    raise PlatformError("fields_invalid", errors=[FieldError("/text", _sentence(each)) for each in errors])


def sources(name: str, text: str, partials: Mapping[str, str]) -> list[Source]:
    """A text and its partials as the files that they would be."""
    return [Source(f"{name}.prompt", text), *(Source(f"_{each}.prompt", partials[each]) for each in partials)]


def _finding(found: Diagnostic, name: str) -> Finding:
    own = found.path == f"{name}.prompt"
    return Finding(
        line=found.line,
        column=found.column,
        severity=found.severity,
        message=found.message,
        partial=None if own else found.path.removeprefix("_").removesuffix(".prompt"),
    )


def _misnamed(name: str, text: str) -> Diagnostic:
    file = parse_file(text, f"{name}.prompt")
    return file.problem(f"the front matter has another name than the prompt, which is {name}", "name")


def _sentence(found: Finding) -> str:
    place = f"line {found.line}, column {found.column}: {found.message}"
    return place if found.partial is None else f"partial {found.partial}, {place}"
