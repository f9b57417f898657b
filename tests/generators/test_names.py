"""No name or text of a bundle reaches a generated file in another form than names.py allows."""

import json
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from promptstudio_generators.names import (
    EnvironmentName,
    HostName,
    PromptName,
    UnfitNameError,
    function_name,
    json_file,
    json_literal,
    service_account,
    worker_name,
    yaml_literal,
)

HOSTILE = ["", "A B", "a-b\n", "$(id)", "`id`", "A=1", "Ä", "1A", "a;b", "*/", "../x", "A" * 129]


@pytest.mark.parametrize("name", HOSTILE)
def test_an_unfit_environment_variable_is_refused(name: str) -> None:
    with pytest.raises(UnfitNameError):
        EnvironmentName(name)


@pytest.mark.parametrize("name", [*HOSTILE, "Upper", "-a", "a_b"])
def test_an_unfit_prompt_name_is_refused(name: str) -> None:
    with pytest.raises(UnfitNameError):
        PromptName(name)


@pytest.mark.parametrize(
    "name",
    [
        *HOSTILE,
        *(
            "localhost",
            "127.0.0.1",
            "[::1]",
            "https://a.example",
            "a.example/",
            "a.example:443",
            "a..example",
        ),
        *(
            ".a.example",
            "a.example.",
            "-a.example",
            "a-.example",
            "a_b.example",
            "*.example.com",
            "ä.example",
        ),
        *(f"{'a' * 64}.example", f"{'a.' * 124}example", "a.example\n", "a.example b.example"),
    ],
)
def test_an_unfit_host_name_is_refused(name: str) -> None:
    with pytest.raises(UnfitNameError):
        HostName(name)


@pytest.mark.parametrize("name", ["a.example", "xn--4ca.example", "1.2.a3", f"{'a' * 63}.{'a.' * 91}example"])
def test_a_host_name_has_one_form(name: str) -> None:
    assert HostName(name) == HostName(name.upper()) == name


def test_fit_names_stay_as_they_are() -> None:
    assert EnvironmentName("_GROQ_KEY2") == "_GROQ_KEY2"
    assert PromptName("support-reply2") == "support-reply2"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("acme", "acme"),
        ("Acme Inc.", "acme-inc"),
        ("--a__b--", "a-b"),
        ("日本", "promptstudio"),
        ("", "promptstudio"),
        ("x" * 53 + "-yz", "x" * 53),
    ],
)
def test_a_worker_gets_the_nearest_name_that_cloudflare_takes(name: str, expected: str) -> None:
    assert worker_name(name) == expected


@given(st.recursive(st.text() | st.integers(-(2**53), 2**53) | st.none(), st.lists, max_leaves=5))
def test_a_literal_is_the_value_in_plain_ascii(value: object) -> None:
    for text in (json_literal(value), json_file(value)):  # type: ignore[arg-type]
        assert json.loads(text) == value
        assert text.isascii()


def test_a_literal_holds_no_character_that_ends_a_line() -> None:
    assert json_literal("a\u2028b\u2029c\n\x7f🌍") == '"a\\u2028b\\u2029c\\n\\u007f\\ud83c\\udf0d"'


@pytest.mark.parametrize(
    ("name", "function", "account"),
    [
        ("Acme Inc.", "acme-inc", "acme-inc-runtime"),
        ("3D", "p-3d", "p-3d-runtime"),
        ("", "promptstudio", "promptstudio-runtime"),
        ("x" * 22, "x" * 22, "x" * 22 + "-runtime"),
        ("x" * 48 + "-yz", "x" * 48, "x" * 15 + "-23b363-runtime"),
        ("x" * 14 + "-" + "y" * 8, "x" * 14 + "-" + "y" * 8, "x" * 14 + "-d9ab2b-runtime"),
    ],
)
def test_a_function_and_its_account_get_names_that_google_takes(
    name: str, function: str, account: str
) -> None:
    assert function_name(name) == function
    assert service_account(function) == account


@given(st.text(), st.text())
def test_no_two_functions_have_one_account(name: str, other: str) -> None:
    functions = [function_name(20 * "acme-" + name), function_name("acme-" + name), function_name(other)]
    accounts = {service_account(function) for function in functions}
    assert len(accounts) == len(set(functions))
    assert all(re.fullmatch("[a-z][a-z0-9-]{4,28}[a-z0-9]", account) for account in accounts)


@given(st.text())
def test_a_yaml_scalar_is_the_text_in_plain_ascii(text: str) -> None:
    literal = yaml_literal(text)
    assert yaml.safe_load(f"a: {literal}\n") == {"a": text}
    assert literal.isascii()
