"""Sources to a bundle: every file parsed and checked, versions, labels and aliases put together."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Final, cast

from promptstudio.prompts.bundle import FORMAT
from promptstudio.prompts.diagnostics import CompileError, Diagnostic
from promptstudio.prompts.file import PromptFile, Source, parse_file
from promptstudio.prompts.front_matter import ALIASES, LABELS, names, place, prompt_name
from promptstudio.prompts.project_settings import ProjectSettings
from promptstudio.prompts.references import TemplateFile, missing_partials
from promptstudio.prompts.version import Surroundings, compile_version, parse_template
from promptstudio.providers.base import Provider
from promptstudio.values import Json, canonical

_PARTIAL_PREFIX: Final = "_"


@dataclass(frozen=True, slots=True)
class Compiled:
    """`bundle` is None where a diagnostic is an error. Diagnostics are sorted by place."""

    bundle: dict[str, Json] | None
    diagnostics: list[Diagnostic]


@dataclass(frozen=True, slots=True)
class _VersionFile:
    """A file and the version it became."""

    file: PromptFile
    row: dict[str, Json]

    @property
    def number(self) -> int:
        return cast("int", self.file.metadata.get("version", 0))


def compile_bundle(
    sources: Sequence[Source],
    settings: ProjectSettings,
    *,
    fallback_model: str | None = None,
    available: Callable[[str], bool] | None = None,
    today: date | None = None,
) -> Compiled:
    """Compile a project's files.

    With `fallback_model`, prompts whose provider's key is not `available` (given the name of its environment
    variable) run on that model. `today` decides what is said of retired models; the bundle does not depend
    on it.
    """
    files, found = _parsed(sources)
    partials, problems = _partials(file for file in files if _is_partial(file))
    found += problems
    around = Surroundings(
        settings,
        partials,
        fallback_model,
        available or (lambda name: True),
        today or datetime.now(UTC).date(),
    )
    compiled: list[_VersionFile] = []
    for file in files:
        if _is_partial(file):
            continue
        row, problems = compile_version(file, around)
        found += problems
        if row is not None:
            compiled.append(_VersionFile(file, row))
    found += _clashes(compiled)
    failed = any(diagnostic.severity == "error" for diagnostic in found)
    found.sort(key=lambda diagnostic: (diagnostic.path, diagnostic.line, diagnostic.column))
    return Compiled(None if failed else _bundle(compiled, settings), found)


def _parsed(sources: Iterable[Source]) -> tuple[list[PromptFile], list[Diagnostic]]:
    """The files that can be read, by path."""
    files: list[PromptFile] = []
    found: list[Diagnostic] = []
    for source in sorted(sources, key=lambda source: source.path):
        try:
            files.append(parse_file(source.text, source.path))
        except CompileError as error:
            found += error.diagnostics
    return files, found


def _is_partial(file: PromptFile) -> bool:
    return PurePosixPath(file.path).name.startswith(_PARTIAL_PREFIX)


def _partials(files: Iterable[PromptFile]) -> tuple[dict[str, TemplateFile], list[Diagnostic]]:
    """The partials by name: that of the file without its underscore, whatever the folder."""
    partials: dict[str, TemplateFile] = {}
    found: list[Diagnostic] = []
    for file in files:
        name = PurePosixPath(file.path).stem.removeprefix(_PARTIAL_PREFIX)
        parsed = parse_template(file)
        if isinstance(parsed, Diagnostic):
            found.append(parsed)
        elif name in partials:
            found.append(file.problem(f"{partials[name].path} is a partial of the same name"))
        else:
            partials[name] = TemplateFile(file.path, file.text, parsed)
    for partial in partials.values():
        found += missing_partials(partial, partials)
    return partials, found


def _clashes(compiled: Sequence[_VersionFile]) -> Iterator[Diagnostic]:
    """Versions, labels and aliases that two files claim."""
    claimed: dict[tuple[str, ...], PromptFile] = {}
    prompts = {prompt_name(each.file) for each in compiled}
    for each in compiled:
        file, name = each.file, prompt_name(each.file)
        first = claimed.setdefault(("version", name, str(each.number)), file)
        if first is not file:
            yield file.problem(f"{first.path} is version {each.number} of {name} too", "version")
        for label in names(file, LABELS):
            first = claimed.setdefault(("label", name, label), file)
            if first is not file:
                yield file.problem(f"{first.path} has the label {label} of {name} too", *place(file, LABELS))
        for alias in names(file, ALIASES):
            owner = alias if alias in prompts else prompt_name(claimed.setdefault(("alias", alias), file))
            if owner != name:
                yield file.problem(f"{alias} already means the prompt {owner}", *place(file, ALIASES))


def _bundle(compiled: Sequence[_VersionFile], settings: ProjectSettings) -> dict[str, Json]:
    prompts: dict[str, list[_VersionFile]] = {}
    for each in sorted(compiled, key=lambda each: (prompt_name(each.file), each.number)):
        prompts.setdefault(prompt_name(each.file), []).append(each)
    used = sorted({cast("str", each.row["provider"]) for each in compiled})
    content: dict[str, Json] = {
        "providers": {name: _provider_row(settings.providers[name]) for name in used},
        "prompts": {name: _prompt_row(versions) for name, versions in prompts.items()},
    }
    digest = hashlib.sha256(canonical({"format": FORMAT, **content})).hexdigest()
    return {"format": FORMAT, "hash": f"sha256:{digest}", **content}


def _prompt_row(versions: Sequence[_VersionFile]) -> dict[str, Json]:
    aliases = sorted({alias for each in versions for alias in names(each.file, ALIASES)})
    labels = {label: each.number for each in versions for label in names(each.file, LABELS)}
    return {
        "aliases": cast("Json", aliases),
        "labels": {label: labels[label] for label in sorted(labels)},
        "latest": versions[-1].number,
        "versions": {str(each.number): each.row for each in versions},
    }


def _provider_row(provider: Provider) -> dict[str, Json]:
    row: Mapping[str, Json] = {
        "type": provider.type,
        "base_url": provider.base_url,
        "api_key_env": provider.api_key_env,
        "headers": cast("Json", dict(provider.headers)) or None,
        "timeout_s": provider.timeout_s,
    }
    return {name: value for name, value in row.items() if value is not None}
