"""Names, literals and texts as Python source: valid, distinct, and nothing but what they were."""

import ast
import keyword
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.values import Json
from promptstudio_generators.names.escaped import Escaped, compose
from promptstudio_generators.names.package import PackageNames
from promptstudio_generators.names.python import (
    CLIENT_MEMBERS,
    attributes,
    class_name,
    doc,
    is_plain_key,
    literal,
    modules,
    unused,
)
from promptstudio_generators.names.text import lines_of
from promptstudio_generators.runtime.sdk.python._async_client import AsyncClient
from promptstudio_generators.runtime.sdk.python._sync_client import Client
from tests.generators.hostile import texts

VALUES: st.SearchStrategy[Json] = st.recursive(
    texts | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(value=VALUES)
def test_a_literal_is_its_value_in_plain_ascii(value: Json) -> None:
    text = literal(value)
    assert ast.literal_eval(text) == value
    assert repr(ast.literal_eval(text)) == repr(value)
    assert text.isascii()
    assert text.isprintable()


@given(text=texts, indent=st.integers(0, 12))
def test_a_docstring_says_what_was_said(text: str, indent: int) -> None:
    spaces = " " * indent
    source = f'def f():\n    """{doc(text, indent)}"""\n    return 1\n'
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    said = ast.get_docstring(function, clean=False)
    if said is None:
        assert lines_of(text) == []
        return
    first, *rest = said.split("\n")
    assert [first, *(line.removeprefix(spaces) for line in rest)] == (lines_of(text) or [""])
    assert len(function.body) == 2


@given(names=st.lists(texts | st.sampled_from(keyword.kwlist), max_size=8), taken=st.sets(texts, max_size=3))
def test_every_name_gets_an_identifier_of_its_own(names: list[str], taken: set[str]) -> None:
    found = attributes(names, taken)
    assert found.keys() == set(names)
    assert len(set(found.values())) == len(found)
    for name, identifier in found.items():
        assert identifier.isidentifier()
        assert not keyword.iskeyword(identifier)
        assert identifier not in taken
        assert not identifier.startswith("_")
        assert unicodedata.normalize("NFKC", identifier) == identifier
        if ast.unparse(ast.parse(identifier)) == name and name not in taken and not name.startswith("_"):
            assert identifier == name


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["text", "größe", "日本"], ["text", "größe", "日本"]),
        (["class", "self", "options", "None"], ["class_", "self_", "options_", "None_"]),
        (["a b", "a-b", "a_b"], ["a_b_", "a_b_2", "a_b"]),
        (["_x", "__x__", "x"], ["x_", "x__", "x"]),
        (["1st", "", "_", "$"], ["value_1st", "value", "value_", "value_2"]),
        (["ﬁ", "fi"], ["fi_", "fi"]),
    ],
)
def test_a_name_is_the_nearest_one(names: list[str], expected: list[str]) -> None:
    assert list(attributes(names, ("self", "options")).values()) == expected


def test_a_module_is_called_as_no_system_refuses_to() -> None:
    names = ["con", "nul", "com1", "class", "support-reply", "a--b"]
    assert list(modules(names).values()) == ["con_", "nul_", "com1_", "class_", "support_reply", "a__b"]


def test_no_prompt_takes_the_place_of_what_a_client_does() -> None:
    public = {name for kind in (Client, AsyncClient) for name in dir(kind) if not name.startswith("_")}
    assert public <= CLIENT_MEMBERS
    found = attributes(sorted(public))
    assert attributes(sorted(public), CLIENT_MEMBERS) == {name: f"{name}_" for name in found}


@given(words=st.lists(texts, max_size=3))
def test_a_class_has_a_name_that_can_be_one(words: list[str]) -> None:
    name = class_name(*words)
    assert name.isidentifier()
    assert name.isascii()
    assert name[0].isupper()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("support-reply",), "SupportReply"),
        (("Extract", "items", "item"), "ExtractItemsItem"),
        (("tax rate %",), "TaxRate"),
        (("3d",), "Value3d"),
        (("日本",), "Value"),
    ],
)
def test_a_class_is_called_by_its_words(words: tuple[str, ...], expected: str) -> None:
    assert class_name(*words) == expected


def test_an_unused_name_is_found() -> None:
    assert unused("A", ()) == "A"
    assert unused("A", ("A",)) == "A_"
    assert unused("A", ("A", "A_")) == "A_2"
    assert unused("A", ("A", "A_", "A_2")) == "A_3"


@pytest.mark.parametrize("name", ["text", "unit_price", "aB1"])
def test_a_plain_key_stands_in_a_class(name: str) -> None:
    assert is_plain_key(name)


@pytest.mark.parametrize(
    "name", ["", "a b", "class", "None", "_a", "__a", "1a", "Text", "str", "list", "object", "größe", "a\n"]
)
def test_other_keys_do_not(name: str) -> None:
    assert not is_plain_key(name)


def test_only_escaped_parts_are_composed() -> None:
    assert compose("list[{}]", Escaped("{x}")) == "list[{x}]"
    assert isinstance(compose("a"), Escaped)
    with pytest.raises(TypeError):
        compose("list[{}]", "x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Acme Prompts", ("acme-prompts", "acme_prompts", "AcmePrompts", "ACME_PROMPTS")),
        ("3D", ("p-3d", "p_3d", "P3d", "P_3D")),
        ("日本", ("prompts", "prompts", "Prompts", "PROMPTS")),
        ("", ("prompts", "prompts", "Prompts", "PROMPTS")),
        ("none", ("none-client", "none_client", "NoneClient", "NONE_CLIENT")),
        ("json", ("json-client", "json_client", "JsonClient", "JSON_CLIENT")),
        ("rate limit", ("rate-limit-client", "rate_limit_client", "RateLimitClient", "RATE_LIMIT_CLIENT")),
    ],
)
def test_a_package_has_the_nearest_names_that_are_free(name: str, expected: tuple[str, ...]) -> None:
    names = PackageNames.of(name, frozenset({"json", "RateLimit"}))
    assert (names.distribution, names.module, names.client, names.environment) == expected


@given(name=texts)
def test_a_package_has_names_whatever_it_is_called(name: str) -> None:
    names = PackageNames.of(name)
    assert names.module.isidentifier()
    assert names.client.isidentifier()
    assert names.distribution.strip("-") == names.distribution
    assert len(names.distribution) <= 54
