"""A bundle and options to what an SDK is made of: pure, and in the same order every time."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final, cast

from promptstudio.providers.instance import smallest
from promptstudio.values import Json, canonical
from promptstudio_generators.names import PromptName
from promptstudio_generators.sdks.model import Object, Package, PromptSdk, TypeNode, VersionNote
from promptstudio_generators.sdks.options import SdkOptions, SdkOptionsError
from promptstudio_generators.sdks.types import type_of, variables_of

_Row = Mapping[str, Json]

# As `promptstudio.prompts.bundle` has it, whose renderer takes as long to import as a prompt to generate.
_DEFAULT_LABEL: Final = "production"


def build_package(bundle: _Row, options: SdkOptions) -> Package:
    """The package that these options ask for.

    Raises SdkOptionsError where they name a prompt that the bundle lacks, or a label that a prompt does; and
    UnfitNameError where the compiler would have refused a prompt's name.
    """
    prompts = cast("Mapping[str, _Row]", bundle["prompts"])
    chosen = _chosen(prompts, options.prompts)
    return Package(
        name=options.name,
        version=options.package_version,
        bundle_hash=cast("str", bundle["hash"]),
        label=options.label,
        prompts=tuple(_prompt(name, prompts[name], options.label) for name in chosen),
    )


def _chosen(prompts: Iterable[str], wanted: tuple[str, ...]) -> list[PromptName]:
    known = {PromptName(name) for name in prompts}
    for name in wanted:
        if name not in known:
            raise SdkOptionsError(f"There is no prompt {name!r}. There are: {', '.join(sorted(known))}.")
    chosen = known.intersection(wanted) if wanted else known
    if not chosen:
        raise SdkOptionsError("There is no prompt to make an SDK of.")
    return sorted(chosen)


def _prompt(name: PromptName, row: _Row, label: str | None) -> PromptSdk:
    number = _number(name, row, label)
    versions = cast("Mapping[str, _Row]", row["versions"])
    version = versions[str(number)]
    inputs, output = cast("_Row", version["input"]), cast("_Row", version["output"])
    schema, defaults = cast("_Row", inputs["schema"]), cast("_Row", inputs["default"])
    variables = variables_of(schema, defaults)
    return PromptSdk(
        name=name,
        version=number,
        description=cast("str | None", version.get("description")),
        variables=variables,
        output=_output(output),
        schema_hash=_schema_hash(schema, defaults, output),
        sample=_sample(schema, variables),
        versions=tuple(_note(int(each), versions[each]) for each in sorted(versions, key=int, reverse=True)),
    )


def _number(name: str, row: _Row, label: str | None) -> int:
    labels = cast("Mapping[str, int]", row["labels"])
    if label is None:
        return labels.get(_DEFAULT_LABEL, cast("int", row["latest"]))
    if label not in labels:
        raise SdkOptionsError(f"The prompt {name} has no label {label!r}.")
    return labels[label]


def _output(output: _Row) -> "TypeNode | None":
    if output["format"] != "json":
        return None
    return type_of(cast("_Row", output.get("schema", {})), "out")


def _schema_hash(schema: _Row, defaults: _Row, output: _Row) -> str:
    """Over what callers rely on, descriptions and bounds included; not over what only the model sees."""
    relied: dict[str, Json] = {
        "variables": dict(schema),
        "default": dict(defaults),
        "output": {key: output[key] for key in ("format", "schema") if key in output},
    }
    return f"sha256:{hashlib.sha256(canonical(relied)).hexdigest()}"


def _sample(schema: _Row, variables: Object) -> dict[str, Json]:
    """The smallest variables that fit: those that have to be there."""
    whole = smallest({"type": "object", **schema})
    members = whole if isinstance(whole, dict) else {}
    return {each.name: members[each.name] for each in variables.required if each.name in members}


def _note(number: int, row: _Row) -> VersionNote:
    return VersionNote(number, cast("str | None", row.get("message")))
