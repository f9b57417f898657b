"""What is left of the white space around tags: every expectation here is what Handlebars 4.7.10 renders."""

from typing import Any

import pytest

from promptstudio.messages import Text
from promptstudio.prompts.render import compile_template
from promptstudio.prompts.template import parse


def rendered(source: str) -> str:
    variables: dict[str, Any] = {"t": True, "f": False, "xs": [1, 2], "s": "S"}
    partials = {"p": parse("P\nQ\n").nodes, "one": parse("P").nodes, "gap": parse("P\n\n{{s}}Q\n\n").nodes}
    (message,) = compile_template(parse(f"<{source}>").nodes, partials).render(variables)
    (text,) = message.content
    assert isinstance(text, Text)
    return text.text[1:-1]


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("a \n {{~s}} \n b", "aS \n b"),
        ("a \n {{s~}} \n b", "a \n Sb"),
        ("a \n {{~s~}} \n b", "aSb"),
        ("a {{~{s}~}} b", "aSb"),
        ("a {{~&s~}} b", "aSb"),
        ("a {{~! x ~}} b", "ab"),
        ("a {{~!-- x --~}} b", "ab"),
        ("a {{~#if t~}} b {{~/if~}} c", "abc"),
        ("a {{#if t}} b {{~else~}} c {{/if}} d", "a  b d"),
        ("a {{#if f}} b {{~else~}} c {{/if}} d", "a c  d"),
        ("a {{~> one ~}} b", "aPb"),
        ("a\u00a0\ufeff\u2028{{~s}}", "aS"),
        ("a\u0085\x1c{{~s}}", "a\u0085\x1cS"),
    ],
)
def test_a_tilde_takes_all_white_space_on_its_side(source: str, left: str) -> None:
    assert rendered(source) == left


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("a\n{{#if t}}\nb\n{{/if}}\nc", "a\nb\nc"),
        ("a\n  {{#if t}}  \n  b\n  {{/if}}  \nc", "a\n  b\nc"),
        ("a\r\n{{#if t}}\r\nb\r\n{{/if}}\r\nc", "a\r\nb\r\nc"),
        ("a\n{{#if f}}\nb\n{{else}}\nc\n{{/if}}\nd", "a\nc\nd"),
        ("a\n{{#if f}}\nb\n  {{else if t}}\nc\n{{/if}}\nd", "a\nc\nd"),
        ("a\n{{#if f}}\nb\n{{else if f}}\nc\n{{else}}\nd\n{{/if}}\ne", "a\nd\ne"),
        ("a\n{{^if f}}\nb\n{{/if}}\nc", "a\nb\nc"),
        ("a\n{{#each xs}}\n- {{this}}\n{{/each}}\nb", "a\n- 1\n- 2\nb"),
        ("a\n{{! x }}\nb", "a\nb"),
        ("a\n  {{!-- x --}}  \nb", "a\nb"),
        ("a\n{{!\n}}\nb", "a\nb"),
        ("a\n{{#if t}}{{#if t}}\nb\n{{/if}}{{/if}}\nc", "a\n\nb\n\nc"),
        ("a {{#if t}}\nb\n{{/if}}\nc", "a \nb\nc"),
        ("a\n{{#if t}} b\n{{/if}} c", "a\n b\n c"),
        ("a\n{{s}}\nb", "a\nS\nb"),
    ],
)
def test_a_tag_alone_on_its_line_takes_the_line_with_it(source: str, left: str) -> None:
    assert rendered(source) == left


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("a\n{{> p}}\nb", "a\nP\nQ\nb"),
        ("a\n  {{> p}}\nb", "a\n  P\n  Q\nb"),
        ("a\n \t{{> one}}\nb", "a\n \tPb"),
        ("a\n  {{> gap}}\nb", "a\n  P\n  \n  SQ\n  \nb"),
        ("a {{> p}}\nb", "a P\nQ\n\nb"),
        ("a\n  {{~> p}}\nb", "aP\nQ\nb"),
    ],
)
def test_a_partial_alone_on_its_line_is_indented_as_it_is(source: str, left: str) -> None:
    assert rendered(source) == left


def test_the_first_and_the_last_line_need_no_line_break() -> None:
    assert parse("  {{! x }}  ").nodes == []
    block: Any = parse("{{#if t}}\na\n{{/if}}").nodes[0]
    assert block["body"] == [{"type": "text", "text": "a\n"}]
    partial: Any = parse("  {{> p}}").nodes[0]
    assert partial["indent"] == "  "
