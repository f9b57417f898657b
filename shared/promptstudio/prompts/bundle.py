"""A bundle made ready to run: its templates and schemas compiled, its names resolved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from promptstudio.errors import AppError, FieldError
from promptstudio.prompts.limit import Limit, Subject
from promptstudio.prompts.render import Renderer, compile_template
from promptstudio.prompts.validate import Validator, compile_schema
from promptstudio.providers.base import OutputFormat, Provider, Setup
from promptstudio.providers.cost import Price
from promptstudio.values import Json, in_key_order

if TYPE_CHECKING:
    from promptstudio.prompts.tree import Node

FORMAT: Final = 1
DEFAULT_LABEL: Final = "production"

_Object = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable version of a prompt. `validator` also fills in the variables' defaults.

    `source` is a hash of the files it was compiled from. `price` is None where it is not known,
    `output_validator` where the output has no schema, `cache_ttl_s` where answers are not cached.
    """

    number: int
    source: str
    description: str | None
    api: str
    model: str
    setup: Setup
    schema: Mapping[str, Json]
    default: Mapping[str, Json]
    price: Price | None
    renderer: Renderer
    validator: Validator
    output_validator: Validator | None
    limits: tuple[Limit, ...] = ()
    cache_ttl_s: int | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's versions by number, and its labels."""

    name: str
    aliases: tuple[str, ...]
    labels: Mapping[str, int]
    latest: int
    versions: Mapping[int, Version]

    @property
    def default(self) -> Version:
        """The version of a run that names none: the one labelled production, else the latest."""
        return self.versions[self.labels.get(DEFAULT_LABEL, self.latest)]


@dataclass(frozen=True, slots=True)
class Bundle:
    """What an endpoint serves. `prompts` is by name, `aliases` maps other names to prompts' names."""

    hash: str
    providers: Mapping[str, Provider]
    prompts: Mapping[str, Prompt]
    aliases: Mapping[str, str]

    def resolve(
        self, name: str, version: int | None = None, label: str | None = None
    ) -> tuple[Prompt, Version]:
        """The prompt and version a run asks for.

        Raises AppError prompt_unknown, version_unknown or label_unknown.
        """
        prompt = self.prompts.get(self.aliases.get(name, name))
        if prompt is None:
            raise AppError("prompt_unknown", name=name)
        if label is not None:
            if label not in prompt.labels:
                raise AppError("label_unknown", name=name, label=label)
            return prompt, prompt.versions[prompt.labels[label]]
        if version is None:
            return prompt, prompt.default
        if version not in prompt.versions:
            raise AppError("version_unknown", name=name, version=version)
        return prompt, prompt.versions[version]

    def has_limits(self) -> bool:
        """Whether any version has limits, so that it cannot be served without a store."""
        return any(version.limits for prompt in self.prompts.values() for version in prompt.versions.values())


def load_bundle(document: _Object) -> Bundle:
    """Make a compiled bundle ready to run; raises ValueError where its format is not ours."""
    if document.get("format") != FORMAT:
        message = f"The bundle's format is {document.get('format')}; this release reads format {FORMAT}."
        raise ValueError(message)
    providers = {
        name: _provider(name, cast("_Object", row)) for name, row in _members(document, "providers").items()
    }
    prompts = {
        name: _prompt(name, cast("_Object", row), providers)
        for name, row in _members(document, "prompts").items()
    }
    aliases = {alias: prompt.name for prompt in prompts.values() for alias in prompt.aliases}
    return Bundle(cast("str", document["hash"]), providers, prompts, aliases)


def _members(row: _Object, name: str) -> _Object:
    return cast("_Object", row[name])


def _provider(name: str, row: _Object) -> Provider:
    return Provider(
        name=name,
        type=cast("str", row["type"]),
        base_url=cast("str", row["base_url"]),
        api_key_env=cast("str | None", row.get("api_key_env")),
        headers=cast("Mapping[str, str]", row.get("headers", {})),
        timeout_s=cast("float", row["timeout_s"]),
    )


def _prompt(name: str, row: _Object, providers: Mapping[str, Provider]) -> Prompt:
    versions = {
        int(number): _version(int(number), cast("_Object", version), providers)
        for number, version in _members(row, "versions").items()
    }
    return Prompt(
        name=name,
        aliases=tuple(cast("list[str]", row["aliases"])),
        labels=cast("Mapping[str, int]", row["labels"]),
        latest=cast("int", row["latest"]),
        versions=versions,
    )


def _version(number: int, row: _Object, providers: Mapping[str, Provider]) -> Version:
    model = cast("str", row["model"])
    inputs = _members(row, "input")
    schema, default = _members(inputs, "schema"), _members(inputs, "default")
    output = _output(_members(row, "output"))
    return Version(
        number=number,
        source=cast("str", row["source"]),
        description=cast("str | None", row.get("description")),
        api=cast("str", row["api"]),
        model=model,
        setup=Setup(
            provider=providers[cast("str", row["provider"])],
            model=model.partition("/")[2],
            config=_members(row, "config"),
            output=output,
        ),
        schema=schema,
        default=default,
        price=Price(**cast("Mapping[str, int]", row["price"])) if "price" in row else None,
        renderer=compile_template(
            cast("list[Node]", row["template"]), cast("Mapping[str, list[Node]]", row["partials"])
        ),
        validator=_variables_validator(schema, default),
        output_validator=compile_schema(output.schema, null_is_absent=True) if output.schema else None,
        limits=tuple(_limit(limit) for limit in cast("list[_Object]", row.get("limits", []))),
        cache_ttl_s=cast("int | None", cast("_Object", row.get("cache", {})).get("ttl_s")),
    )


def _limit(row: _Object) -> Limit:
    return Limit(cast("int", row["requests"]), cast("str", row["per"]), cast("Subject", row["by"]))


def _output(row: _Object) -> OutputFormat:
    return OutputFormat(
        format=cast("str", row["format"]),
        schema=cast("_Object | None", row.get("schema")),
        wire_schema=cast("_Object | None", row.get("wire_schema")),
        strict=cast("bool", row.get("strict", False)),
    )


def _variables_validator(schema: _Object, default: _Object) -> Validator:
    """Variables are checked after the prompt's own defaults are laid under them."""
    validate = compile_schema(schema, unknown="unknown_variable")
    if not default:
        return validate
    ordered = _keeps_key_order(schema, default)

    def validator(value: Json, pointer: str) -> tuple[Json, list[FieldError]]:
        if not isinstance(value, dict):
            return validate(value, pointer)
        merged = {**default, **value}
        return validate(merged if ordered else in_key_order(merged), pointer)

    return validator


def _keeps_key_order(schema: _Object, default: _Object) -> bool:
    """Whether defaults before variables stand in ECMAScript's order: where no name can be an array index."""
    names = [*default, *cast("_Object", schema.get("properties", {}))]
    return schema.get("additionalProperties") is False and not any(name[:1].isdigit() for name in names)
