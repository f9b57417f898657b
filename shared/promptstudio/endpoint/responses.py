"""OpenAI's Responses API, as far as stored prompts need it: the request, and errors in OpenAI's shape.

The body's members are described in protocol.json; null counts as absent, as it does at OpenAI.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

import orjson

from promptstudio.endpoint.gate import Catalog
from promptstudio.endpoint.run import render
from promptstudio.errors import PROTOCOL, AppError, FieldError, fill
from promptstudio.messages import Media, Message, Text
from promptstudio.prompts.bundle import Version
from promptstudio.prompts.validate import compile_schema, shown
from promptstudio.providers.base import OutputFormat
from promptstudio.providers.catalog import resolve_api
from promptstudio.values import InvalidJsonError, Json, loads

_BODY: Final = compile_schema(PROTOCOL["bodies"]["responses"])
_MEMBERS: Final = frozenset(PROTOCOL["bodies"]["responses"]["properties"])
_CHECKS: Final[dict[str, str]] = PROTOCOL["checks"]
_ROLES: Final = {"user": "user", "assistant": "model", "system": "system", "developer": "system"}
_VERSION: Final = re.compile("[0-9]{1,15}")
_ERROR_TYPES: Final = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}

_Object = dict[str, Json]


@dataclass(slots=True)
class ResponsesRequest:
    """What a client of OpenAI's asks for. `config` holds our names of the settings it overrides."""

    prompt: str
    version: int | None
    variables: Mapping[str, Json]
    input: list[Message]
    stream: bool
    instructions: str | None
    model: str | None
    config: Mapping[str, Json]
    output: OutputFormat | None
    output_name: str
    metadata: Mapping[str, Json]
    user: str | None


def read(body: _Object) -> ResponsesRequest:
    """The request in a body; raises AppError feature_unsupported or fields_invalid."""
    for name in body:
        if name not in _MEMBERS:
            raise AppError("feature_unsupported", name=name)
    _, errors = _BODY(body, "")
    if errors:
        raise AppError("fields_invalid", errors=errors)
    given: _Object = {name: value for name, value in body.items() if value is not None}
    if given.get("store"):
        raise AppError("feature_unsupported", name="store")
    prompt = cast("_Object", given["prompt"])
    format_ = cast("_Object", cast("_Object", given.get("text", {})).get("format") or {})
    return ResponsesRequest(
        prompt=cast("str", prompt["id"]),
        version=_version(prompt.get("version")),
        variables=cast("_Object", prompt.get("variables") or {}),
        input=_messages(given.get("input", [])),
        stream=given.get("stream") is True,
        instructions=cast("str | None", given.get("instructions")),
        model=cast("str | None", given.get("model")),
        config=_config(given),
        output=_output(format_),
        output_name=cast("str", format_.get("name", "output")),
        metadata=cast("_Object", given.get("metadata", {})),
        user=cast("str | None", given.get("safety_identifier", given.get("user"))),
    )


def _version(value: Json) -> int | None:
    """OpenAI's version is a number in a string."""
    if isinstance(value, str):
        if not _VERSION.fullmatch(value):
            raise _invalid("/prompt/version", "type", value, PROTOCOL["type_names"]["integer"])
        return int(value)
    return cast("int | None", value)


def _invalid(pointer: str, check: str, value: Json, expected: str) -> AppError:
    message = fill(_CHECKS[check], {"value": shown(value), "expected": expected})
    return AppError("fields_invalid", errors=[FieldError(pointer, message)])


def _messages(given: Json) -> list[Message]:
    if isinstance(given, str):
        return [Message("user", (Text(given),), history=True)]
    return [_message(item) for item in cast("list[_Object]", given)]


def _message(item: _Object) -> Message:
    role, content = _ROLES[cast("str", item["role"])], item["content"]
    if isinstance(content, str):
        return Message(role, (Text(content),), history=True)
    return Message(role, tuple(_part(part) for part in cast("list[_Object]", content)), history=True)


def _part(part: _Object) -> Text | Media:
    if part["type"] == "input_image":
        return Media(cast("str", part["image_url"]))
    return Text(cast("str", part["text"]))


def _config(given: _Object) -> _Object:
    config: _Object = {name: given[name] for name in ("temperature", "top_p") if name in given}
    if "max_output_tokens" in given:
        config["max_tokens"] = given["max_output_tokens"]
    effort = cast("_Object", given.get("reasoning", {})).get("effort")
    if effort is not None:
        config["reasoning_effort"] = effort
    return config


def _output(format_: _Object) -> OutputFormat | None:
    """A schema that comes with the request goes to the provider as it is; we check that JSON comes back."""
    if not format_:
        return None
    if format_["type"] == "text":
        return OutputFormat("text")
    return OutputFormat(
        "json",
        wire_schema=cast("_Object | None", format_.get("schema")),
        strict=format_.get("strict") is True,
    )


def overridden(version: Version, request: ResponsesRequest, catalog: Catalog) -> Version:
    """The version with what the request overrides; raises AppError fields_invalid for an unknown model."""
    if request.model is not None:
        version = on_model(version, request.model, catalog)
    if request.output is not None:
        setup = replace(version.setup, output=request.output, output_name=request.output_name)
        version = replace(version, setup=setup, output_validator=None)
    if request.config:
        setup = replace(version.setup, config={**version.setup.config, **request.config})
        version = replace(version, setup=setup, api=resolve_api(setup.provider.type, setup.config))
    return version


def on_model(version: Version, model: str, catalog: Catalog, pointer: str = "/model") -> Version:
    """The version on another model, which is named at `pointer`; raises AppError fields_invalid for an
    unknown one."""
    name, _, wire_model = model.partition("/")
    provider = catalog.providers.get(name)
    if provider is None or not wire_model:
        expected = ", ".join(f"{known}/…" for known in sorted(catalog.providers))
        raise _invalid(pointer, "enum", model, expected)
    setup = replace(version.setup, provider=provider, model=wire_model)
    api = resolve_api(provider.type, setup.config)
    return replace(version, api=api, model=model, setup=setup, price=catalog.price(model))


def render_messages(version: Version, request: ResponsesRequest) -> list[Message]:
    """The instructions, the prompt's messages, then those of `input`."""
    variables = _variables(version.schema, request.variables)
    messages = render(version, variables, "/prompt/variables")
    if request.instructions is not None:
        messages.insert(0, Message("system", (Text(request.instructions),)))
    return [*messages, *request.input]


def _variables(schema: Mapping[str, Json], given: Mapping[str, Json]) -> _Object:
    properties = cast("Mapping[str, _Object]", schema.get("properties", {}))
    return {name: _coerced(properties.get(name, {}), _plain(value)) for name, value in given.items()}


def _plain(value: Json) -> Json:
    """OpenAI's input types as what a template takes: a text, or an image's URL."""
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str) or not kind.startswith("input_"):
        return value
    plain = value.get({"input_text": "text", "input_image": "image_url"}.get(kind, ""))
    if not isinstance(plain, str):
        raise AppError("feature_unsupported", name=kind)
    return plain


def _coerced(schema: Mapping[str, Json], value: Json) -> Json:
    """A string stands for the JSON in it where the schema wants something else; what it is not stays."""
    types = schema.get("type", "string")
    if not isinstance(value, str) or "string" in cast("str | list[str]", types):
        return value
    try:
        return loads(value.encode())
    except InvalidJsonError:
        return value


def error_body(error: AppError) -> bytes:
    """An error as OpenAI's clients read it. `param` is a path to the first member that is wrong."""
    return orjson.dumps({"error": error_members(error)})


def error_members(error: AppError) -> dict[str, str | None]:
    """The members of OpenAI's error object."""
    findings = "; ".join(f"{row.pointer} {row.message}" for row in error.errors)
    server = "server_error" if error.status >= 500 else "invalid_request_error"
    param = error.errors[0].pointer[1:].replace("/", ".") if error.errors else None
    return {
        "message": f"{error.detail} {findings}" if findings else error.detail,
        "type": _ERROR_TYPES.get(error.status, server),
        "param": param,
        "code": error.code,
    }
