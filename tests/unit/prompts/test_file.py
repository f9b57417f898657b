"""Front matter and body, as Dotprompt divides them."""

import pytest

from promptstudio.prompts.diagnostics import CompileError
from promptstudio.prompts.file import parse_file


def test_the_body_is_trimmed_after_front_matter() -> None:
    file = parse_file("---\nmodel: a/b\n---\n\n  Hello\n there \n\n", "x.prompt")
    assert (file.metadata, file.body) == ({"model": "a/b"}, "Hello\n there")


def test_the_body_knows_where_it_begins() -> None:
    assert parse_file("---\nmodel: a/b\n---\n\n  Hello", "x.prompt").body_place == (5, 3)


def test_trimming_removes_what_javascript_removes() -> None:
    file = parse_file("---\na: 1\n---\n\ufeff\xa0\u2028\x1cHello\x85\u3000", "x.prompt")
    assert file.body == "\x1cHello\x85"


def test_without_front_matter_the_whole_text_is_the_body() -> None:
    text = "\n Hello\n--- \nthere\n"
    file = parse_file(text, "x.prompt")
    assert (file.metadata, file.body, file.body_place) == ({}, text, (1, 1))


def test_blank_lines_and_license_lines_may_come_first() -> None:
    file = parse_file("# Copyright\n#\n \t\n---\nmodel: a/b\n---\nHi", "x.prompt")
    assert (file.metadata, file.body) == ({"model": "a/b"}, "Hi")


@pytest.mark.parametrize(
    "text",
    ["---\r\nmodel: a/b\r\nb: 1\r\n---\r\nHi\r\n", "\r\n# c\r\n---\r\nmodel: a/b\r\nb: 1\r\n---\r\nHi"],
)
def test_windows_line_ends_work(text: str) -> None:
    file = parse_file(text, "x.prompt")
    assert (file.metadata, file.body) == ({"model": "a/b", "b": 1}, "Hi")


def test_a_byte_order_mark_before_front_matter_is_passed_over() -> None:
    assert parse_file("\ufeff---\nb: 1\n---\nHi", "x.prompt").metadata == {"b": 1}


def test_white_space_may_follow_the_dashes() -> None:
    file = parse_file("--- \t\nb: 1\n---  \nHi", "x.prompt")
    assert (file.metadata, file.body) == ({"b": 1}, "Hi")


@pytest.mark.parametrize("text", ["---\n---\nHi", "---\n\n---\nHi", "---\n# only this\n---\nHi"])
def test_front_matter_may_be_empty(text: str) -> None:
    file = parse_file(text, "x.prompt")
    assert (file.metadata, file.body) == ({}, "Hi")


def test_the_last_line_needs_no_line_end() -> None:
    file = parse_file("---\nb: 1\n---", "x.prompt")
    assert (file.metadata, file.body) == ({"b": 1}, "")


def test_dashes_in_the_body_belong_to_it() -> None:
    assert parse_file("---\nb: 1\n---\nHi\n---\nthere", "x.prompt").body == "Hi\n---\nthere"


def test_a_rule_in_a_plain_body_is_not_front_matter() -> None:
    text = "---\nDear reader,\nhello"
    assert parse_file(text, "x.prompt").body == text


def test_front_matter_without_an_end_is_named() -> None:
    with pytest.raises(CompileError) as raised:
        parse_file("---\nmodel: a/b\nHello", "x.prompt")
    assert str(raised.value) == (
        "x.prompt:1:1: error: the front matter is not closed: a second line of --- has to end it"
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("---\nmodel: a: b\n---\n", "x.prompt:2:9"),
        ("# c\n---\nconfig:\n  a: 1\n  a: 2\n---\n", "x.prompt:5:3"),
        ("---\r\na: 1\r\nb: [1\r\n---\r\nHi", "x.prompt:4:1"),
        ("---\n- a\n---\n", "x.prompt:2:1"),
        ("---\njust text\n---\n", "x.prompt:2:1"),
    ],
)
def test_broken_yaml_is_named_with_its_line_and_column_in_the_file(text: str, place: str) -> None:
    with pytest.raises(CompileError) as raised:
        parse_file(text, "x.prompt")
    assert str(raised.value).startswith(f"{place}: error: the front matter is not YAML that can be read: ")


def test_a_key_has_a_place() -> None:
    file = parse_file("---\nmodel: a/b\nconfig:\n  stop:\n    - x\n    - y\n---\n", "x.prompt")
    assert file.place("model") == (2, 1)
    assert file.place("config", "stop") == (4, 3)
    assert file.place("config", "stop", 1) == (6, 7)


def test_the_place_of_a_missing_key_is_that_of_the_nearest_above() -> None:
    file = parse_file("---\nmodel: a/b\nconfig:\n  top_p: 1\n---\n", "x.prompt")
    assert file.place("config", "stop", 1) == (3, 1)
    assert file.place("name") == (2, 1)
    assert parse_file("Hi", "x.prompt").place("name") == (1, 1)
