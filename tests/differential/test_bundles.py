"""The two runtimes' validators and bundles side by side."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptstudio.errors import AppError
from promptstudio.prompts.bundle import Bundle, load_bundle
from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.file import Source
from promptstudio.prompts.project_settings import ProjectSettings
from promptstudio.prompts.validate import compile_schema
from promptstudio.values import Json, dumps, normalize
from tests.differential.driver import Driver, driver
from tests.unit.prompts.schemas import NAMES, VALUES, schemas_with_values

pytestmark = pytest.mark.needs("node")


@pytest.fixture(scope="module")
def typescript() -> Iterator[Driver]:
    with driver("bundle_driver.mjs") as running:
        yield running


def agreed(typescript: Driver, schema: dict[str, Json], value: Json, **options: Any) -> None:
    """Both give the same value (in the same order), and say the same of it."""
    schema, value = normalize([copy.deepcopy(schema), copy.deepcopy(value)])  # type: ignore[assignment, misc, str-unpack]
    found, errors = compile_schema(schema, **options)(value, "/variables")
    named = {"unknown": options.get("unknown"), "nullIsAbsent": options.get("null_is_absent")}
    given_options = {name: option for name, option in named.items() if option is not None}
    question = {"schema": schema, "options": given_options, "value": value, "pointer": "/variables"}
    answer = typescript.ask(question)
    assert answer["errors"] == [[error.pointer, error.message] for error in errors]
    assert dumps(answer["value"]) == dumps(found)


side_by_side = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@side_by_side
@given(case=schemas_with_values())
def test_both_say_the_same_of_any_value(typescript: Driver, case: tuple[dict[str, Json], Json]) -> None:
    agreed(typescript, *case, unknown="unknown_variable")


@side_by_side
@given(
    members=st.dictionaries(NAMES, VALUES, min_size=1, max_size=3),
    value=VALUES | st.dictionaries(NAMES, st.none() | st.just({}), max_size=3),
    optional=st.booleans(),
)
def test_both_fill_in_defaults_and_drop_nulls(
    typescript: Driver, members: dict[str, Json], value: Json, optional: bool
) -> None:
    leaf: dict[str, Json] = {
        "type": "object",
        "properties": {name: {"default": default} for name, default in members.items()},
    }
    schema: dict[str, Json] = {
        "properties": {**dict.fromkeys(members, leaf), "a": {"type": "string"}},
        "required": [] if optional else ["a"],
    }
    agreed(typescript, leaf, value)
    agreed(typescript, schema, value, null_is_absent=True)
    agreed(typescript, {"items": schema}, [value], null_is_absent=True)


SOURCES = [
    Source("a.prompt", "---\nname: a\nversion: 1\npromptstudio.labels: [production, old]\n---\n"),
    Source("b.prompt", "---\nname: a\nversion: 12\npromptstudio.aliases: [pmpt_1]\nconfig: {seed: 1}\n---\n"),
    Source(
        "c.prompt",
        "---\nmodel: openai/gpt-5.4-mini\ndescription: d\noutput:\n  schema:\n    x?: string\n---\n",
    ),
    Source("d.prompt", "---\nmodel: groq/openai/gpt-oss-20b\noutput: {format: json}\n---\n"),
]


@pytest.mark.parametrize(
    "asked",
    [
        ["a", None, None],
        ["a", 12, None],
        ["a", 2, None],
        ["a", None, "old"],
        ["a", None, "constructor"],
        ["pmpt_1", None, None],
        ["c", None, None],
        ["c", 0, None],
        ["d", None, None],
        ["__proto__", None, None],
        ["none", 1, None],
    ],
)
def test_both_resolve_names_alike(typescript: Driver, asked: list[Any]) -> None:
    bundle = compile_bundle(SOURCES, ProjectSettings("acme")).bundle
    assert bundle is not None
    assert typescript.ask({"bundle": bundle, "asked": asked}) == resolved(load_bundle(bundle), asked)


def resolved(bundle: Bundle, asked: list[Any]) -> dict[str, Any]:
    """What the driver answers."""
    try:
        prompt, version = bundle.resolve(*asked)
    except AppError as error:
        return {"error": error.detail}
    provider, output, price = version.setup.provider, version.setup.output, version.price
    described: dict[str, Any] = {
        "number": version.number,
        "model": version.model,
        "wireModel": version.setup.model,
        "api": version.api,
        "config": version.setup.config,
        "description": version.description,
        "output": {
            "format": output.format,
            "schema": output.schema,
            "wireSchema": output.wire_schema,
            "strict": output.strict,
        },
        "price": price
        and {
            "input": price.input,
            "output": price.output,
            "cached": price.cached,
            "cacheWrite": price.cache_write,
        },
        "provider": {
            "name": provider.name,
            "type": provider.type,
            "baseUrl": provider.base_url,
            "apiKeyEnv": provider.api_key_env,
            "headers": provider.headers,
            "timeoutS": provider.timeout_s,
        },
    }
    return {
        "prompt": prompt.name,
        "default": prompt.default.number,
        "version": _without_none(described),
    }


def _without_none(value: Any) -> Any:
    """As JSON.stringify leaves out what is undefined."""
    if isinstance(value, dict):
        return {name: _without_none(member) for name, member in value.items() if member is not None}
    return value
