import json
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio.values import (
    InvalidJsonError,
    Json,
    canonical,
    dumps,
    loads,
    normalize,
    number_text,
    same,
    to_text,
)

json_values: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda children: (
        st.lists(children) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), children)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b'{"a":1e400}', "body_number"),
        (b'{"a":-1e400}', "body_number"),
        (b'{"a":' + b"9" * 400 + b"}", "body_number"),
        (b'{"a":NaN}', "body_not_json"),
        (b'{"a":Infinity}', "body_not_json"),
        (b'{"a":"\\ud800"}', "body_surrogate"),
        (b'{"a":"\\udc00\\ud800"}', "body_surrogate"),
        (b"\xef\xbb\xbf{}", "body_bom"),
        (b"\xff{}", "body_not_json"),
        (b'"\xed\xa0\x80"', "body_not_json"),
        (b"", "body_not_json"),
        (b"{", "body_not_json"),
        (b"{'a':1}", "body_not_json"),
        (b"[1,]", "body_not_json"),
        (b"[" * 65 + b"]" * 65, "body_depth"),
        (b"[" * 100_000, "body_depth"),
        (b'{"a":' * 64 + b"[1e400]" + b"}" * 64, "body_depth"),
    ],
)
def test_a_text_that_is_not_json_as_we_take_it_names_its_problem(text: bytes, problem: str) -> None:
    with pytest.raises(InvalidJsonError) as refused:
        loads(text)
    assert refused.value.problem == problem


def test_sixty_four_levels_are_still_json() -> None:
    assert dumps(loads(b"[" * 64 + b"]" * 64)) == "[" * 64 + "]" * 64


def test_brackets_inside_strings_do_not_count_as_depth() -> None:
    with pytest.raises(InvalidJsonError) as refused:
        loads(b'{"a":"' + b"[" * 100 + b'","b":1e400}')
    assert refused.value.problem == "body_number"


def test_the_last_of_two_equal_keys_wins_in_the_first_ones_place() -> None:
    assert dumps(loads(b'{"a":1,"b":2,"a":3}')) == '{"a":3,"b":2}'


@pytest.mark.parametrize("replaced", [b"1e400", b'"\\ud800"', b"1" * 400])
def test_what_a_later_member_replaced_is_no_problem(replaced: bytes) -> None:
    assert loads(b'{"a":%b,"b":2.0,"a":1}' % replaced) == {"a": 1, "b": 2}


def test_array_indices_come_first_and_ascend() -> None:
    text = b'{"b":1,"10":2,"9":3,"01":4,"4294967294":5,"4294967295":6,"-1":7,"a":8}'
    assert dumps(loads(text)) == '{"9":3,"10":2,"4294967294":5,"b":1,"01":4,"4294967295":6,"-1":7,"a":8}'


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (b"1.0", "1"),
        (b"-0", "0"),
        (b"-0.0", "0"),
        (b"1e5", "100000"),
        (b"9007199254740993", "9007199254740992"),
        (b"1e21", "1e+21"),
        (b"123456789012345680000", "123456789012345680000"),
        (b"0.000001", "0.000001"),
        (b"1e-7", "1e-7"),
        (b"1.5e300", "1.5e+300"),
        (b"5e-324", "5e-324"),
        (b"-1.25", "-1.25"),
    ],
)
def test_numbers_print_as_ecmascript_prints_them(text: bytes, printed: str) -> None:
    assert dumps(loads(text)) == printed


@given(json_values)
def test_what_was_written_reads_back_as_the_same_value(value: Json) -> None:
    normal = normalize(json.loads(json.dumps(value)))
    assert same(loads(dumps(normal).encode()), normal)


def test_true_is_not_one() -> None:
    assert not same([True], [1])
    assert not same({"a": False}, {"a": 0})
    assert same({"a": [1, "x", None]}, {"a": [1, "x", None]})


def test_objects_print_as_json_and_null_as_nothing() -> None:
    assert to_text({"a": [1, None]}) == '{"a":[1,null]}'
    assert to_text(None) == ""
    assert to_text("a\nb") == "a\nb"


def test_canonical_json_sorts_by_utf16_units() -> None:
    # RFC 8785, section 3.2.3: U+FB33 sorts after U+1F600, whose first unit is D83D.
    value = normalize({"\ufb33": 1, "\U0001f600": 2, "1": 3, "\r": 4, "é": 5})
    assert canonical(value).decode() == '{"\\r":4,"1":3,"é":5,"\U0001f600":2,"\ufb33":1}'


@pytest.mark.needs("node")
@settings(max_examples=5, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=200, max_size=200))
def test_numbers_agree_with_node(numbers: list[float]) -> None:
    script = "console.log(JSON.stringify(JSON.parse(require('fs').readFileSync(0,'utf8')).map(String)))"
    out = subprocess.run(
        ["node", "-e", script], input=json.dumps(numbers), capture_output=True, text=True, check=True
    )
    assert [number_text(normalize(number)) for number in numbers] == json.loads(out.stdout)  # type: ignore[arg-type]
