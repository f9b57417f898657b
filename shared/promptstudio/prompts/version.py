"""One .prompt file compiled to a version of the bundle."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final, cast

from promptstudio.errors import fill
from promptstudio.prompts.config import KNOWN_SETTINGS, config_problems, normal_config, setting_name
from promptstudio.prompts.diagnostics import Diagnostic
from promptstudio.prompts.file import PromptFile
from promptstudio.prompts.front_matter import (
    cache,
    field_problem,
    limits,
    section,
    shape_errors,
    unknown_keys,
)
from promptstudio.prompts.picoschema import Path, PicoschemaError, is_json_schema, to_json_schema
from promptstudio.prompts.project_settings import ProjectSettings
from promptstudio.prompts.references import (
    TemplateFile,
    missing_partials,
    reached_partials,
    says,
    undeclared_variables,
)
from promptstudio.prompts.schema import default_problems, schema_problems, wire_schema
from promptstudio.prompts.template import Template, TemplateError, parse
from promptstudio.prompts.validate import Schema, compile_schema
from promptstudio.providers.base import Provider
from promptstudio.providers.catalog import ADAPTERS, resolve_api
from promptstudio.providers.cost import Price
from promptstudio.providers.models import Model, find_model
from promptstudio.values import Json, canonical

_MODEL: Final = re.compile(r"([^/\s]+)/\S+")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a prompt is compiled against.

    A prompt whose provider's key is not `available` (by the name of its environment variable) runs on
    `fallback_model`, where one is given.
    """

    settings: ProjectSettings
    partials: Mapping[str, TemplateFile]
    fallback_model: str | None
    available: Callable[[str], bool]
    today: date


def compile_version(
    file: PromptFile, around: Surroundings
) -> tuple[dict[str, Json] | None, list[Diagnostic]]:
    """The version's row in the bundle, None where there is an error; and all that was found."""
    found = [*shape_errors(file), *unknown_keys(file)]
    if _has_error(found):
        return None, found
    compilation = _Compilation(file, around)
    row = compilation.row()
    found += compilation.found
    return (None if _has_error(found) else row), found


def _has_error(found: Iterable[Diagnostic]) -> bool:
    return any(diagnostic.severity == "error" for diagnostic in found)


def parse_template(file: PromptFile) -> Template | Diagnostic:
    """The body's template, or what is wrong with it."""
    try:
        line, column = file.body_place
        return parse(file.body, path=file.path, line=line, column=column)
    except TemplateError as error:
        return Diagnostic(file.path, error.line, error.column, error.message)


class _Compilation:
    """Goes through one file section by section and keeps what it finds."""

    def __init__(self, file: PromptFile, around: Surroundings) -> None:
        self.found: list[Diagnostic] = []
        self._file = file
        self._around = around

    def row(self) -> dict[str, Json]:
        schema = self._schema("input")
        default = self._default(schema)
        output = self._output()
        template = self._template(schema, default)
        reached = reached_partials(template, self._around.partials)
        return {
            "source": self._source(reached),
            **self._description(),
            **self._runs_on([template, *(partial.template for partial in reached.values())]),
            "config": normal_config(section(self._file, "config")),
            **self._policies(),
            "input": {"schema": schema, "default": default},
            "output": output,
            "template": cast("Json", template.nodes),
            "partials": {name: cast("Json", partial.template.nodes) for name, partial in reached.items()},
        }

    def _error(self, message: str, *keys: str | int) -> None:
        self.found.append(self._file.problem(message, *keys))

    def _warning(self, message: str, *keys: str | int) -> None:
        self.found.append(self._file.problem(message, *keys, severity="warning"))

    def _description(self) -> dict[str, Json]:
        description = self._file.metadata.get("description")
        return {"description": description} if description else {}

    def _policies(self) -> dict[str, Json]:
        """limits and cache, where the file has them."""
        limited, cached = limits(self._file), cache(self._file)
        return {
            **({"limits": cast("Json", limited)} if limited else {}),
            **({"cache": {"ttl_s": cached["ttl_s"]}} if cached else {}),
        }

    def _source(self, partials: Mapping[str, TemplateFile]) -> str:
        """A hash of the file and all it brings in."""
        texts: dict[str, Json] = {name: partial.source for name, partial in partials.items()}
        return "sha256:" + hashlib.sha256(canonical([self._file.text, texts])).hexdigest()

    def _runs_on(self, templates: Sequence[Template]) -> dict[str, Json]:
        """provider, api, model and price."""
        settings = self._around.settings
        model = cast("str", self._file.metadata.get("model", settings.model))
        provider = self._provider(model)
        if provider is None:
            return {}
        self._check_config(provider)
        self._check_json(provider, templates)
        self._warn_of(find_model(model))
        fallback, key = self._around.fallback_model, provider.api_key_env
        if fallback is not None and key is not None and not self._around.available(key):
            model, provider = fallback, settings.providers[fallback.partition("/")[0]]
        config = normal_config(section(self._file, "config"))
        price = self._price(model, provider)
        return {
            "provider": provider.name,
            "api": resolve_api(provider.type, config),
            "model": model,
            **({"price": asdict(price)} if price else {}),
        }

    def _price(self, model: str, provider: Provider) -> Price | None:
        if provider.type == "echo":
            return Price(0, 0, 0, 0)
        known = find_model(model)
        return self._around.settings.prices.get(model) or (known.price if known else None)

    def _provider(self, model: str) -> Provider | None:
        named = _MODEL.fullmatch(model)
        if named is None:
            self._error(f"{model} is not a model's name, which is provider/model", "model")
            return None
        provider = self._around.settings.providers.get(named[1])
        if provider is None:
            declare = fill(self._around.settings.declare_providers, {"name": named[1]})
            self._error(f"there is no provider {named[1]}: declare it {declare}", "model")
        return provider

    def _check_config(self, provider: Provider) -> None:
        config = section(self._file, "config")
        for name, message in config_problems(config):
            self._error(f"config.{message}", "config", name)
        ours = {name: setting_name(name) for name in config}
        api = resolve_api(provider.type, KNOWN_SETTINGS & set(ours.values()))
        for name, setting in ours.items():
            if setting not in KNOWN_SETTINGS:
                known = ", ".join(sorted(KNOWN_SETTINGS))
                self._error(f"config.{name} is not a setting; there are {known}", "config", name)
            elif setting not in ADAPTERS[api].settings:
                message = f"config.{name}: provider {provider.name} has no such setting"
                self._error(message, "config", name)

    def _check_json(self, provider: Provider, templates: Sequence[Template]) -> None:
        """OpenAI refuses to answer in JSON of no given schema unless a message has the word."""
        output = section(self._file, "output")
        if provider.type != "openai" or output.get("format") != "json" or output.get("schema"):
            return
        if not says(templates, "json"):
            message = f"provider {provider.name} refuses this unless the prompt has the word JSON: say it, "
            self._warning(f"output.format: {message}or give an output.schema", "output", "format")

    def _warn_of(self, model: Model | None) -> None:
        """What a model's table says against its use here. Tables err, so these are no errors."""
        if model is None:
            return
        if model.retires is not None:
            retires = "was retired" if model.retired(self._around.today) else "will be retired"
            successor = f"; its successor is {model.successor}" if model.successor else ""
            self._warning(f"{model.name} {retires} on {model.retires.isoformat()}{successor}", "model")
        for name in section(self._file, "config"):
            if setting_name(name) in model.lacks:
                self._warning(f"config.{name}: {model.name} refuses this setting", "config", name)

    def _schema(self, parent: str) -> dict[str, Json]:
        """The JSON Schema at `input.schema` or `output.schema`; empty where there is none."""
        written = section(self._file, parent).get("schema")
        if written is None:
            return {}
        try:
            schema = to_json_schema(written, {})
        except PicoschemaError as error:
            self._error(f"{parent}.schema: {error.message}", parent, "schema", *error.path)
            return {}
        # Places in Picoschema are not those in the schema it stands for.
        problems = list(schema_problems(schema)) or list(default_problems(schema))
        for path, message in problems:
            place: Path = path if is_json_schema(written) else ()
            self._error(f"{parent}.schema: {message}", parent, "schema", *place)
        if problems:
            return {}
        if parent == "input" and schema.get("type") != "object":
            self._error("input.schema has to describe an object: the variables by name", parent, "schema")
            return {}
        return schema

    def _default(self, schema: Schema) -> dict[str, Json]:
        """`input.default`, each value checked against its variable."""
        default = cast("dict[str, Json]", section(self._file, "input").get("default", {}))
        optional = compile_schema({**schema, "required": []}, unknown="unknown_variable")
        errors = optional(default, "")[1]
        self.found += [field_problem(self._file, error, "input", "default") for error in errors]
        return default

    def _output(self) -> dict[str, Json]:
        schema = self._schema("output")
        written = section(self._file, "output").get("format")
        if schema and written == "text":
            self._error("output.schema needs the format json", "output", "format")
        if not schema:
            return {"format": written or "text"}
        wire, strict = wire_schema(schema)
        return {"format": "json", "schema": schema, "wire_schema": wire, "strict": strict}

    def _template(self, schema: Schema, default: Mapping[str, Json]) -> Template:
        parsed = parse_template(self._file)
        if isinstance(parsed, Diagnostic):
            self.found.append(parsed)
            return Template(nodes=[], partials=frozenset(), variables=[])
        file = TemplateFile(self._file.path, self._file.text, parsed)
        self.found += missing_partials(file, self._around.partials)
        if schema and schema.get("additionalProperties") is False:
            declared = frozenset([*cast("Mapping[str, Json]", schema.get("properties", {})), *default])
            self.found += undeclared_variables(file, declared, self._around.partials)
        return parsed
