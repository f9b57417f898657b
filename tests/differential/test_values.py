"""The two runtimes' JSON values side by side: what is refused and why, how they print, what is equal."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio.prompts.validate import shown
from promptstudio.values import InvalidJsonError, Json, dumps, loads, same, to_text
from tests.differential.driver import Driver, driver

pytestmark = pytest.mark.needs("node")


@pytest.fixture(scope="module")
def typescript() -> Iterator[Driver]:
    with driver("value_driver.mjs") as running:
        yield running


def python(text: str) -> dict[str, str]:
    try:
        value = loads(text.encode())
    except InvalidJsonError as error:
        return {"problem": error.problem}
    return {"json": dumps(value), "printed": to_text(value), "shown": shown(value)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        " {} ",
        "\ufeff{}",
        "\ufeff[" * 65,
        "[" * 64 + "]" * 64,
        "[" * 65 + "]" * 65,
        "[" * 65,
        '"[[' * 40,
        '{"a":' * 65 + "1e400" + "}" * 65,
        "[1e400]",
        "[-1e400, 1}",
        '[1e400,"\\ud800"]',
        '["\\ud800"]',
        '{"\\udc00":1}',
        '["\\ud83d\\ude00"]',
        '{"a":"\\ud83d"}}',
        "NaN",
        "[Infinity]",
        "01",
        "1.",
        "+1",
        "'a'",
        '"a\nb"',
        '{"a":1,"b":2,"a":3}',
        '{"b":1,"10":2,"9":3,"01":4,"__proto__":{"x":1}}',
        "-0",
        "1.0",
        "9007199254740993",
        "1e21",
        "1e-7",
        "123456789012345678901234567890",
        '"' + "é😀" * 30 + '"',
        '"' + "a" * 38 + '"',
        '"' + "a" * 39 + '"',
    ],
)
def test_both_say_the_same_of_a_text(typescript: Driver, text: str) -> None:
    assert typescript.ask({"text": text}) == python(text)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(value=VALUES)
def test_both_read_and_print_a_value_alike(typescript: Driver, value: Json) -> None:
    text = json.dumps(value)
    assert typescript.ask({"text": text}) == python(text)


@settings(deadline=None)
@given(
    text=st.lists(st.sampled_from([*'[]{}:,"\\u0a1-e. \n', "true", "null", '"a"']), max_size=8).map("".join)
)
def test_both_refuse_the_same_texts(typescript: Driver, text: str) -> None:
    assert typescript.ask({"text": text}) == python(text)


ALIKE = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, -0.0, "", "1", "a"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["0", "a", "length"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(deadline=None)
@given(left=ALIKE, right=ALIKE)
def test_both_find_the_same_values_equal(typescript: Driver, left: Json, right: Json) -> None:
    texts = {"left": json.dumps(left), "right": json.dumps(right)}
    equal = same(loads(texts["left"].encode()), loads(texts["right"].encode()))
    assert typescript.ask(texts) == {"same": equal}
