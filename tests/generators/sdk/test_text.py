"""Free text in files that people read: one line, and nothing but text."""

from unicodedata import category

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from promptstudio_generators.names.markdown import markdown_text
from promptstudio_generators.names.text import lines_of, one_line
from tests.generators.hostile import texts

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
BLOCKS = (
    "# a",
    "- a",
    "+ a",
    "1. a",
    "12) a",
    "> a",
    "    a",
    "---",
    "***",
    "===",
    "```",
    "| a | b |",
    "<b>",
)
LINKS = ("[a](b)", "![a](b)", "<http://a>", "[a]: b", "a\\", "&lt;", "`a`", "**a**", "_a_", "~~a~~", "a  ")
markup = texts | st.lists(st.sampled_from([*BLOCKS, *LINKS, "\n", " "]), max_size=6).map("".join)


@settings(max_examples=400)
@given(text=markup)
def test_markdown_shows_a_text_as_it_is(text: str) -> None:
    tokens = MARKDOWN.parse(markdown_text(text))
    if not one_line(text):
        assert tokens == []
        return
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    children = tokens[1].children or []
    assert {child.type for child in children} <= {"text", "text_special"}
    assert "".join(child.content for child in children) == one_line(text)


@given(text=markup)
def test_lines_are_lines_to_every_reader(text: str) -> None:
    lines = lines_of(text)
    assert "\n".join(lines).splitlines() == lines
    assert all(
        each.isprintable() or each in "\u200c\u200d" or category(each) == "Zs"
        for line in lines
        for each in line
    )
    assert not lines or (lines[0] and lines[-1])


def test_what_cannot_be_seen_is_written_out() -> None:
    text = "a\tb\x00c\u202ed\ufeffe\u200df\U000e0001g"
    assert lines_of(text) == ["a b\\u0000c\\u202ed\\ufeffe\u200df\\ue0001g"]
    assert lines_of("\n\r\n a \u2028b\x85\x0cc\r\r") == [" a", "b", "", "c"]
