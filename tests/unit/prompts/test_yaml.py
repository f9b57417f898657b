"""YAML 1.2's core schema, and the place of what is wrong."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio.prompts.yaml import YamlError, compose
from promptstudio.values import Json, dumps, normalize, same


def value_of(text: str) -> Json:
    node = compose(text)
    return node.value if node else None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("''", ""),
        ("12:30", "12:30"),
        ("2026-11-30", "2026-11-30"),
        ("0777", 777),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1.0", 1),
        (".5", 0.5),
        ("-1e3", -1000),
        ("9007199254740993", 9007199254740992),
        ("1e21", 1e21),
        ("<<", "<<"),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("!!int 5", 5),
        ("!!float 5", 5),
        ("'5'", "5"),
    ],
)
def test_scalars_are_those_of_the_core_schema(text: str, value: Json) -> None:
    assert same(value_of(f"- {text}"), [value])


def test_a_document_of_comments_alone_is_nothing() -> None:
    assert compose("# nothing\n\n") is None


def test_picoschema_keys_need_no_quotes() -> None:
    text = "tags?(array, a list, of tags): string, the tag\n(*): any\n"
    assert value_of(text) == {"tags?(array, a list, of tags)": "string, the tag", "(*)": "any"}


def test_a_question_mark_inside_a_word_is_part_of_it() -> None:
    text = "a?: {b?: [c?, 'd?', \"e?\"], ? f : g?h?} # why?\n? i\n: j\n"
    assert value_of(text) == {"a?": {"b?": ["c?", "d?", "e?"], "f": "g?h?"}, "i": "j"}


def test_keys_are_text_as_written() -> None:
    assert value_of("1: a\ntrue: b\n") == {"1": "a", "true": "b"}


def test_line_breaks_of_yaml_1_1_are_ordinary_characters() -> None:
    assert value_of("a: one\u2028two\x85three\u2029\n") == {"a": "one\u2028two\x85three\u2029"}


def test_aliases_stand_for_what_was_anchored() -> None:
    assert value_of("a: &list [1, 2]\nb: *list\n") == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("a: 1\na: 2", "the key a stands here twice", 5),
        ("a: [1", "expected ',' or ']', but got '<stream end>'", 5),
        ("a: b: c", "mapping values are not allowed here", 4),
        ("a: *none", "there is no anchor &none before this", 3),
        ("a: &a [*a]", "there is no anchor &a before this", 7),
        ("? [a]\n: b", "a key has to be text", 2),
        ("a: !secret x", "the tag !secret is not known", 3),
        ("a: !!python/name:os.system x", "the tag tag:yaml.org,2002:python/name:os.system is not known", 3),
        ("a: !!int x", "a value is not of the type that its tag names", 3),
        ("a: .inf", "a number has to be finite", 3),
        ("a: .NaN", "a number has to be finite", 3),
        ("a: 1e999", "a number is beyond the range of a double", 3),
        ("a: " + "9" * 5000, "a number is beyond the range of a double", 3),
        ("a: \x01", "a control character cannot stand here", 3),
        ("a: 1\n--- \nb: 2", "a second document begins here", 5),
        ("[" * 5000, "nested deeper than 64 levels", 64),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(text: str, message: str, offset: int) -> None:
    with pytest.raises(YamlError) as raised:
        compose(text)
    assert (raised.value.message, raised.value.offset) == (message, offset)


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(YamlError, match="more than 10000 values"):
        compose("\n".join(lines))


@pytest.mark.parametrize("anchored", ['"{}"', "{{k: '{}'}}", "{{? '{}' : k}}"])
def test_aliases_multiply_no_long_text_either(anchored: str) -> None:
    text = f"a: &a {anchored.format('x' * 900)}\nb: [{', '.join(['*a'] * 900)}]"
    assert compose(text) is not None
    with pytest.raises(YamlError, match="aliases of too much text"):
        compose(text.replace("x" * 900, "x" * 2000))


def test_depth_counts_through_aliases() -> None:
    lines = ["a0: &a0 " + "[" * 40 + "]" * 40, "a1: " + "[" * 40 + "*a0" + "]" * 40]
    with pytest.raises(YamlError, match="nested deeper"):
        compose("\n".join(lines))


def test_every_value_knows_where_it_stands() -> None:
    text = "a: 1 # one\nb:\n  - x\n  - {y: 'z'}\n  # after\nc: |\n  text\n\n\nd:\n"
    node = compose(text)
    assert node is not None
    written = {key: text[child.start : child.end] for key, child in node.children.items()}
    assert written == {"a": "1", "b": "- x\n  - {y: 'z'}", "c": "|\n  text", "d": ""}
    assert [text[slice(*place)] for place in node.keys.values()] == ["a", "b", "c", "d"]


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufdd0\ufdd1\ufdd2\ufdd3"))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=10,
)


@settings(deadline=None)
@given(json_values)
def test_json_is_yaml(value: Json) -> None:
    """YAML 1.2 holds all of JSON, but for characters that YAML wants escaped."""
    value = normalize([value])
    text = "".join(
        character if character.isprintable() or character == "\n" else f"\\U{ord(character):08x}"
        for character in dumps(value)
    )
    assert same(value_of(text), value)


@settings(deadline=None)
@given(st.text(st.sampled_from("a1-:?[]{},&*!|>'\"%@`#~ \n\t\0é")))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(YamlError):
        compose(text)


def test_an_escaped_surrogate_pair_is_one_character() -> None:
    assert value_of(r'"\ud83d\ude00": "\ud83d\ude00!"') == {"😀": "😀!"}


@pytest.mark.parametrize("text", [r'a: "\ud800"', r'"\udc00": 1', r'a: "\ude00\ud83d"'])
def test_half_of_a_surrogate_pair_is_refused_at_its_place(text: str) -> None:
    with pytest.raises(YamlError, match="half of a surrogate pair is no character") as caught:
        compose(text)
    assert caught.value.offset == text.index('"')
