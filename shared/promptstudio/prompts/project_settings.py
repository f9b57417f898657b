"""promptstudio.toml: the project's name, default model, providers, prices and endpoint settings."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final, cast
from urllib.parse import urlsplit

from promptstudio.prompts.diagnostics import CompileError, Diagnostic
from promptstudio.prompts.toml import parse_toml, toml_place
from promptstudio.prompts.validate import compile_schema, pointer_steps
from promptstudio.providers.base import Provider
from promptstudio.providers.catalog import ADAPTERS, PROVIDERS
from promptstudio.providers.cost import Price
from promptstudio.values import Json, number_text

DEFAULT_MODEL: Final = "echo/echo"
_PICO_PER_DOLLAR: Final = 10**12
_PRICED_TOKENS: Final = 10**6
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_URL: Final = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?")
_ORIGIN: Final = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^\s/?#@,A-Z]+")
_ENVIRONMENT_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")

# What frames a request, or says where it goes, is the HTTP client's to write.
_OUR_HEADERS: Final = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection"})

Problem = tuple[tuple[str, ...], str]

_TEXT: Final[Json] = {"type": "string", "minLength": 1}
_DOLLARS: Final[Json] = {"type": ["string", "number"]}


def _object(properties: dict[str, Json], required: list[Json] | None = None) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": properties,
        "required": required or [],
        "additionalProperties": False,
    }


def _table(row: Json) -> Json:
    return {"type": "object", "additionalProperties": row}


_SCHEMA: Final = _object(
    {
        "name": _TEXT,
        "prompts": _TEXT,
        "model": _TEXT,
        "providers": _table(
            _object(
                {
                    "type": {"enum": list(ADAPTERS)},
                    "base_url": _TEXT,
                    "api_key_env": _TEXT,
                    "headers": _table({"type": "string"}),
                    "timeout_s": {"type": "number", "minimum": 0.001, "maximum": 3600},
                }
            )
        ),
        "models": _table(
            _object({"input": _DOLLARS, "output": _DOLLARS, "cached": _DOLLARS}, ["input", "output"])
        ),
        "endpoint": _object(
            {
                "body_limit": {"type": "integer", "minimum": 1},
                "cors_origins": {"type": "array", "items": {"type": "string"}},
            }
        ),
    }
)
_VALIDATE: Final = compile_schema(_SCHEMA)


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What promptstudio.toml says. `providers` holds the built-in ones too; `prices` is by model.

    `declare_providers` tells people where they declare one of a `{name}`.
    """

    name: str
    prompts: str = "prompts"
    model: str = DEFAULT_MODEL
    providers: Mapping[str, Provider] = field(default_factory=lambda: PROVIDERS)
    prices: Mapping[str, Price] = field(default_factory=dict)
    body_limit: int | None = None
    cors_origins: tuple[str, ...] = ()
    declare_providers: str = "in promptstudio.toml as [providers.{name}]"


def parse_settings(text: str, path: str, name: str = "prompts") -> ProjectSettings:
    """Read promptstudio.toml; raises CompileError with every problem and its place.

    A project that does not say its name is called `name`.
    """
    document = parse_toml(text, path)
    problems = [(pointer_steps(error.pointer), error.message) for error in _VALIDATE(document, "")[1]]
    if not problems:
        problems = [
            *_model_problems(document),
            *_provider_problems(document),
            *_price_problems(document),
            *_origin_problems(document),
        ]
    if problems:
        raise CompileError(
            [
                Diagnostic(path, *toml_place(text, keys), _sentence(keys, message))
                for keys, message in problems
            ]
        )
    providers, prices = _section(document, "providers"), _section(document, "models")
    endpoint = _section(document, "endpoint")
    return ProjectSettings(
        name=cast("str", document.get("name", name)),
        prompts=cast("str", document.get("prompts", "prompts")),
        model=cast("str", document.get("model", DEFAULT_MODEL)),
        providers={**PROVIDERS, **{name: _provider(name, _section(providers, name)) for name in providers}},
        prices={model: read_price(_section(prices, model)) for model in prices},
        body_limit=cast("int | None", endpoint.get("body_limit")),
        cors_origins=tuple(cast("list[str]", endpoint.get("cors_origins", []))),
    )


def _sentence(keys: tuple[str, ...], message: str) -> str:
    return f"{'.'.join(keys)}: {message}"


def _section(document: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    return cast("Mapping[str, Json]", document.get(name, {}))


def _provider(name: str, row: Mapping[str, Json]) -> Provider:
    """A declared provider; what it leaves out comes from the built-in one of its name."""
    built_in = PROVIDERS.get(name)
    default = built_in or Provider(name, cast("str", row["type"]), "")
    return Provider(
        name=name,
        type=cast("str", row.get("type", default.type)),
        base_url=cast("str", row.get("base_url", default.base_url)).rstrip("/"),
        api_key_env=cast("str | None", row.get("api_key_env", default.api_key_env)),
        headers={**default.headers, **cast("Mapping[str, str]", row.get("headers", {}))},
        timeout_s=cast("float", row.get("timeout_s", default.timeout_s)),
    )


def _model_problems(document: Mapping[str, Json]) -> Iterator[Problem]:
    """Prompts' own models are checked where they stand; this one stands here."""
    model = cast("str", document.get("model", DEFAULT_MODEL))
    provider, slash, name = model.partition("/")
    if not slash or not name:
        yield ("model",), f"{model} is not a model's name, which is provider/model"
    elif provider not in PROVIDERS and provider not in _section(document, "providers"):
        yield ("model",), f"there is no provider {provider}: declare it as [providers.{provider}]"


def _provider_problems(document: Mapping[str, Json]) -> Iterator[Problem]:
    providers = _section(document, "providers")
    for name in providers:
        row, keys = _section(providers, name), ("providers", name)
        if not _NAME.fullmatch(name):
            yield keys, "a provider's name has small letters, digits and hyphens, and begins with a letter"
        if name not in PROVIDERS:
            yield from ((keys, f"{key} is missing") for key in _missing(row))
        if "base_url" in row and not _is_url(str(row["base_url"])):
            rule = "an http or https URL, its port at most 65535, without credentials, query and fragment"
            yield (*keys, "base_url"), f"has to be {rule}"
        if "api_key_env" in row and not _ENVIRONMENT_NAME.fullmatch(str(row["api_key_env"])):
            yield (*keys, "api_key_env"), "has to be the name of an environment variable"
        for header, value in _section(row, "headers").items():
            if message := header_problem(header, str(value)):
                yield (*keys, "headers", header), message


def header_problem(name: str, value: str) -> str | None:
    """Why a provider's requests cannot have this header; None where they can."""
    if name.lower() in _OUR_HEADERS:
        return "is set for each request, and cannot be declared"
    if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
        return "is not an HTTP header that can be sent"
    return None


def _is_url(text: str) -> bool:
    """Whether requests can be sent there; what only a connection can tell is left to `doctor`."""
    try:
        parts = urlsplit(text)
        return _URL.fullmatch(text) is not None and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, or an address in brackets that is none
        return False


def _missing(row: Mapping[str, Json]) -> Iterator[str]:
    if "type" not in row:
        yield "type"
    if "base_url" not in row and row.get("type") != "echo":
        yield "base_url"


def _price_problems(document: Mapping[str, Json]) -> Iterator[Problem]:
    prices = _section(document, "models")
    for model in prices:
        if "/" not in model:
            yield ("models", model), "a model is named provider/model, in quotes"
        for key, dollars in _section(prices, model).items():
            if picodollars(dollars) is None:
                yield ("models", model, key), "is not a price in dollars a million tokens"


def _origin_problems(document: Mapping[str, Json]) -> Iterator[Problem]:
    """Origins that no browser would send, so that they would let nobody in."""
    for origin in cast("list[str]", _section(document, "endpoint").get("cors_origins", [])):
        if not _ORIGIN.fullmatch(origin):
            rule = "is no origin: write it as https://app.example, in small letters and without a path, or *"
            yield ("endpoint", "cors_origins"), f"{origin} {rule}"


def read_price(row: Mapping[str, Json]) -> Price:
    """A price from dollars a million tokens, each of them one that `picodollars` takes."""
    amounts = {key: picodollars(dollars) or 0 for key, dollars in row.items()}
    fresh = amounts["input"]
    return Price(
        input=fresh, output=amounts["output"], cached=amounts.get("cached", fresh), cache_write=fresh
    )


def picodollars(dollars_a_million: Json) -> int | None:
    """Picodollars a token of dollars a million; None where this is no price of whole picodollars."""
    text = (
        dollars_a_million
        if isinstance(dollars_a_million, str)
        else number_text(cast("float", dollars_a_million))
    )
    try:
        amount = Decimal(text) * _PICO_PER_DOLLAR / _PRICED_TOKENS
    except InvalidOperation:
        return None
    whole = amount.is_finite() and 0 <= amount < _PICO_PER_DOLLAR and amount == amount.to_integral_value()
    return int(amount) if whole else None
