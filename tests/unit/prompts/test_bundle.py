"""Bundles made ready to run."""

from typing import Any

import pytest

from promptstudio.errors import AppError, FieldError
from promptstudio.messages import Message, Text
from promptstudio.prompts.bundle import Bundle, load_bundle
from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.file import Source
from promptstudio.prompts.limit import Limit
from promptstudio.prompts.project_settings import ProjectSettings
from promptstudio.providers.base import Provider
from promptstudio.providers.cost import Price


def load(*texts: str) -> Bundle:
    sources = [Source(f"p{index}.prompt", text) for index, text in enumerate(texts)]
    bundle = compile_bundle(sources, ProjectSettings("acme")).bundle
    assert bundle is not None
    return load_bundle(bundle)


def version(number: int, labels: str = "", body: str = "") -> str:
    return f"---\nname: hello\nversion: {number}\npromptstudio.labels: [{labels}]\n---\n{body}"


@pytest.fixture
def bundle() -> Bundle:
    return load(
        version(1, "production"),
        version(2, "staging, old"),
        version(3),
        "---\nname: other\nversion: 7\npromptstudio.aliases: [pmpt_7]\n---\n",
    )


@pytest.mark.parametrize(
    ("name", "number", "label", "found"),
    [
        ("hello", None, None, 1),
        ("hello", 3, None, 3),
        ("hello", None, "staging", 2),
        ("hello", None, "old", 2),
        ("other", None, None, 7),
        ("pmpt_7", None, None, 7),
        ("pmpt_7", 7, None, 7),
    ],
)
def test_a_run_gets_the_version_it_asks_for(
    bundle: Bundle, name: str, number: int | None, label: str | None, found: int
) -> None:
    assert bundle.resolve(name, number, label)[1].number == found


def test_without_a_production_label_the_latest_answers() -> None:
    assert load(version(1), version(10), version(9)).resolve("hello")[1].number == 10


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        (("none",), "There is no prompt none."),
        (("__proto__",), "There is no prompt __proto__."),
        (("hello", 4), "Prompt hello has no version 4."),
        (("hello", None, "canary"), "Prompt hello has no label canary."),
        (("pmpt_7", 1), "Prompt pmpt_7 has no version 1."),
    ],
)
def test_what_is_not_there_is_named(bundle: Bundle, asked: Any, detail: str) -> None:
    with pytest.raises(AppError) as raised:
        bundle.resolve(*asked)
    assert (raised.value.code, raised.value.detail) == ("not_found", detail)


def test_a_version_has_all_a_run_needs() -> None:
    text = (
        "---\ndescription: d\nmodel: openai/gpt-5.4-mini\nconfig: {topP: 0.5}\n"
        "input: {schema: {a: string, b?: string}, default: {b: x}}\n"
        "output: {schema: {c?: string}}\n---\n{{a}}{{b}}"
    )
    _, found = load(text).resolve("p0")
    provider = Provider("openai", "openai", "https://api.openai.com/v1", "OPENAI_API_KEY", {}, 300)
    assert (found.setup.provider, found.api) == (provider, "openai")
    assert (found.model, found.setup.model) == ("openai/gpt-5.4-mini", "gpt-5.4-mini")
    assert (found.number, found.description, found.setup.config) == (0, "d", {"top_p": 0.5})
    assert isinstance(found.price, Price)
    assert (found.setup.output.format, found.setup.output.strict) == ("json", True)
    variables, errors = found.validator({"a": "A"}, "/variables")
    assert (variables, errors) == ({"b": "x", "a": "A"}, [])
    assert isinstance(variables, dict)
    assert found.renderer.render(variables) == [Message("user", (Text("Ax"),))]


def test_variables_are_checked_under_their_pointer() -> None:
    _, found = load("---\ninput: {schema: {a: string}, default: {a: x}}\n---\n{{a}}").resolve("p0")
    assert found.validator({"a": 1, "b": 2}, "/variables")[1] == [
        FieldError("/variables/a", "1 is not a string"),
        FieldError("/variables/b", "is not a variable of this prompt"),
    ]
    assert found.validator([], "/variables")[1] == [FieldError("/variables", "[] is not an object")]


def test_variables_keep_the_order_of_ecmascript() -> None:
    _, found = load("---\ninput: {default: {b: 0}}\n---\n{{a}}").resolve("p0")
    variables, _ = found.validator({"7": 1, "a": 2}, "/variables")
    assert isinstance(variables, dict)
    assert list(variables) == ["7", "b", "a"]


def test_an_optional_property_of_an_answer_may_be_null() -> None:
    schema = "{type: object, properties: {a: {type: string}}, required: []}"
    _, found = load(f"---\noutput: {{schema: {schema}}}\n---\n").resolve("p0")
    assert found.output_validator is not None
    assert found.output_validator({"a": None}, "") == ({}, [])


def test_without_an_output_schema_nothing_is_checked() -> None:
    _, found = load("---\noutput: {format: json}\n---\n").resolve("p0")
    assert (found.setup.output.format, found.setup.output.schema, found.output_validator) == (
        "json",
        None,
        None,
    )


def test_a_version_knows_its_limits_and_how_long_its_answers_are_cached() -> None:
    text = (
        "---\npromptstudio:\n  limits: [{requests: 60, per: minute, by: key}, {requests: 9, per: day}]\n"
        "  cache: {ttl_s: 3600}\n---\n"
    )
    _, found = load(text).resolve("p0")
    assert found.limits == (Limit(60, "minute", "key"), Limit(9, "day", "prompt"))
    assert [(limit.name, limit.window_s) for limit in found.limits] == [
        ("key-minute", 60),
        ("prompt-day", 86400),
    ]
    assert found.cache_ttl_s == 3600
    _, other = load("").resolve("p0")
    assert (other.limits, other.cache_ttl_s) == ((), None)
    assert (found.source != other.source, found.source[:7]) == (True, "sha256:")


def test_a_bundle_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="The bundle's format is 2; this release reads format 1"):
        load_bundle({"format": 2})
