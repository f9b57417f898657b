"""What cannot be parsed, and that any text is either a template or told why it is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.prompts.template import TemplateError, parse

ERRORS = [
    (
        "{{shout x}}",
        1,
        3,
        "there is no helper shout; there are each, history, if, ifEquals, json, lookup, media, role",
    ),
    ("{{#shout x}}{{/shout}}", 1, 4, "there is no helper shout"),
    ("{{a.b c}}", 1, 3, "there is no helper a.b"),
    ("{{json (shout x)}}", 1, 9, "there is no helper shout"),
    ("{{#each xs as |x|}}{{x 1}}{{/each}}", 1, 22, "x is a block parameter here, which takes no arguments"),
    ("a\n{{#if x}}\nb", 2, 1, "{{#if}} is opened on line 2 and never closed"),
    (
        "{{#if x}}{{#each y}}{{/if}}{{/each}}",
        1,
        21,
        "{{/if}} cannot close the block each that is opened on line 1",
    ),
    ("{{/if}}", 1, 1, "this closes a block that was never opened"),
    ("a{{else}}b", 1, 2, "else stands outside of a block"),
    ("{{else if x}}", 1, 1, "else stands outside of a block"),
    ("{{#if x}}{{else}}{{else}}{{/if}}", 1, 18, "the block if of line 1 has no place for another else"),
    ("{{^if x}}{{else if y}}{{/if}}", 1, 10, "the block if of line 1 has no place for another else"),
    ("a\n {{x", 2, 2, "{{ is never closed"),
    ("{{#if x", 1, 1, "{{# is never closed"),
    ("{{! x", 1, 1, "{{ is never closed"),
    ("{{!-- x }}", 1, 1, "this comment is never closed with --}}"),
    ('{{"x}}', 1, 3, '" stands where a name is expected'),
    ("{{}}", 1, 3, "}} stands where a name is expected"),
    ("{{x}}}", 1, 4, "}}} stands where }} is expected"),
    ("{{{x}}", 1, 5, "}} stands where }}} is expected"),
    ("{{x}}}}", 1, 4, "}}}} stands where }} is expected"),
    ("{{(json x)}}", 1, 3, "( stands where a name is expected"),
    ("{{.a}}", 1, 3, ". stands where a name is expected"),
    ("{{a.0}}", 1, 5, "write [0] to use 0 as a name in a path"),
    ("{{a.this}}", 1, 3, "a.this is no path: this may only stand at its start"),
    ("{{a/../b}}", 1, 3, "a/.. is no path: .. may only stand at its start"),
    ("{{json (lookup a b}}", 1, 8, "this ( is never closed with )"),
    ("{{json a=}}", 1, 10, "a= has no value"),
    ("{{json a=1 b}}", 1, 12, "arguments come before name=value pairs"),
    ("{{json " + "9" * 400 + "}}", 1, 8, "this number is beyond the range of a double"),
    ("{{json}}", 1, 3, "json takes one argument, but has no argument here"),
    ("{{lookup a}}", 1, 3, "lookup takes two arguments, but has one argument here"),
    ("{{#if}}{{/if}}", 1, 4, "if takes one argument, but has no argument here"),
    ("{{#if a b c}}{{/if}}", 1, 4, "if takes one argument, but has 3 arguments here"),
    ("{{#each}}{{/each}}", 1, 4, "each takes one argument, but has no argument here"),
    ("{{#ifEquals a}}{{/ifEquals}}", 1, 4, "ifEquals takes two arguments, but has one argument here"),
    ("{{if x}}", 1, 3, "if needs a body: write {{#if …}}…{{/if}}"),
    ("{{#json x}}{{/json}}", 1, 4, "json takes no body: write {{json …}}"),
    ("{{role}}", 1, 3, "role takes one argument, but has no argument here"),
    ("{{role who}}", 1, 3, "role takes a text in quotes, never a value: no variable may decide it"),
    ('{{role (lookup a "b")}}', 1, 3, "role takes a text in quotes, never a value"),
    ('{{role "admin"}}', 1, 3, "there is no role admin; there are system, user, model"),
    ("{{section name}}", 1, 3, "section takes a text in quotes, never a value"),
    ('{{json (role "user")}}', 1, 9, "role gives no value: it stands in a tag of its own"),
    ("{{history 1}}", 1, 3, "history takes no argument, but has one argument here"),
    ("{{history a=1}}", 1, 3, "history takes no name=value pairs"),
    ("{{media}}", 1, 3, "media takes url=… and, if need be, contentType=…"),
    ("{{media url=a type=b}}", 1, 3, "media takes url=… and, if need be, contentType=…"),
    ("{{media a}}", 1, 3, "media takes no argument, but has one argument here"),
    ("{{#if x as |y|}}{{/if}}", 1, 1, "if has no block parameters"),
    ("{{^each x as |y|}}{{/each}}", 1, 1, "block parameters have no meaning in a block of {{^"),
    ("{{#each x as |y y|}}{{/each}}", 1, 17, "the block parameter y stands here twice"),
    ("{{#each x as |}}{{/each}}", 1, 15, "block parameters are names between two bars: as |item index|"),
    ("{{> p a b}}", 1, 5, "a partial takes one context at the most"),
    ("a {{{{raw}}}} b {{{{/raw}}}}", 1, 3, "raw blocks {{{{…}}}} are not supported"),
    ("{{#x}}a{{/x}}", 1, 4, "{{#x}} is a bare section: write {{#if x}} or {{#each x}}"),
    ("{{^x}}a{{/x}}", 1, 4, "{{^x}} is a bare section"),
    ("{{#this.x}}a{{/this.x}}", 1, 4, "{{#this.x}} is a bare section"),
    ('{{#*inline "p"}}{{/inline}}', 1, 1, "inline partials and decorators are not supported"),
    ("{{* d}}", 1, 1, "inline partials and decorators are not supported"),
    ("{{#> p}}a{{/p}}", 1, 1, "block partials {{#> …}} are not supported"),
    ("{{> (lookup a b)}}", 1, 1, "dynamic partials are not supported: name the partial itself"),
    ("{{> @partial-block}}", 1, 1, "dynamic partials are not supported"),
    ("{{log x}}", 1, 3, "log is not supported: a prompt has nowhere to write to"),
    ("{{log}}", 1, 3, "log is not supported"),
    ("{{#log x}}{{/log}}", 1, 4, "log is not supported"),
    ("{{#if x}}" * 65 + "{{/if}}" * 65, 1, 577, "the template nests deeper than 64 levels here"),
    (
        "{{json " + "(json " * 65 + "1" + ")" * 65 + "}}",
        1,
        392,
        "the template nests deeper than 64 levels here",
    ),
    ("{{#if x}}" + "{{else if x}}" * 64 + "{{/if}}", 1, 829, "the template nests deeper than 64 levels here"),
]


@pytest.mark.parametrize(("source", "line", "column", "message"), ERRORS)
def test_what_cannot_be_parsed_says_why_and_where(source: str, line: int, column: int, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        parse(source)
    assert (refused.value.line, refused.value.column) == (line, column)
    assert refused.value.message.startswith(message)


def test_an_error_names_its_file() -> None:
    with pytest.raises(TemplateError, match=r"^a\.prompt:7:3: else stands"):
        parse("{{else}}", path="a.prompt", line=7, column=3)


def test_a_template_may_nest_as_deep_as_it_can_be_rendered() -> None:
    assert parse("{{#if x}}" * 64 + "{{/if}}" * 64).nodes


PIECES = [
    "{{",
    "}}",
    "{",
    "}",
    "#",
    "/",
    "^",
    "~",
    "!",
    "--",
    "&",
    ">",
    "*",
    "@",
    "|",
    "(",
    ")",
    "=",
    ".",
    "..",
    "[",
    "]",
]
PIECES += [
    '"',
    "'",
    "\\",
    " ",
    "\n",
    "a",
    "if",
    "each",
    "else",
    "json",
    "as |",
    "role",
    "1",
    "-",
    "true",
    "\x00",
    "é",
]


def problem(source: str) -> TemplateError | None:
    try:
        parse(source)
    except TemplateError as error:
        return error
    return None


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_text_parses_or_says_why_not(source: str) -> None:
    found = problem(source)
    if found:
        assert found.message
        assert 1 <= found.line <= source.count("\n") + 1
        assert found.column >= 1
