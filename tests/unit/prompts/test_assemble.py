"""How what a template prints becomes messages."""

from typing import Any

import pytest

from promptstudio.messages import Media, Message, Section, Text
from promptstudio.prompts.render import compile_template
from promptstudio.prompts.template import parse

HISTORY = [Message("user", (Text("Hello"),)), Message("model", (Text("Hi"),))]
PAST = [Message("user", (Text("Hello"),), history=True), Message("model", (Text("Hi"),), history=True)]


def messages(source: str, history: list[Message] | None = None, **variables: Any) -> list[Message]:
    partials = {"p": parse('one\n{{role "model"}}two\n\nthree\n').nodes}
    return compile_template(parse(source).nodes, partials).render(variables, history or [])


def said(role: str, text: str) -> Message:
    return Message(role, (Text(text),))


def test_text_without_a_role_is_the_users() -> None:
    assert messages("a{{x}}", x=1) == [said("user", "a1")]


def test_a_role_begins_a_message() -> None:
    assert messages('{{role "system"}}a\n{{role "user"}}b {{role "user"}}c{{role "model"}}d') == [
        said("system", "a\n"),
        said("user", "b "),
        said("user", "c"),
        said("model", "d"),
    ]


def test_a_message_of_white_space_alone_vanishes() -> None:
    assert messages('{{role "system"}} \n{{x}}{{role "user"}}a{{role "model"}}\u00a0\ufeff', x=" ") == [
        said("user", "a")
    ]
    assert messages("{{x}}") == []
    assert messages("\u0085") == [said("user", "\u0085")]


def test_a_role_may_stand_in_a_block() -> None:
    source = '{{#each turns}}{{#if user}}{{role "user"}}{{else}}{{role "model"}}{{/if}}{{text}}{{/each}}'
    turns = [{"user": True, "text": "a"}, {"text": "b"}]
    assert messages(source, turns=turns) == [said("user", "a"), said("model", "b")]


def test_the_history_stands_where_it_is_placed() -> None:
    assert messages('{{role "system"}}a{{history}}{{role "user"}}b', HISTORY) == [
        said("system", "a"),
        *PAST,
        said("user", "b"),
    ]


def test_text_after_the_history_is_the_models() -> None:
    assert messages("a{{history}}b", HISTORY) == [said("user", "a"), *PAST, said("model", "b")]


def test_a_history_may_be_placed_twice() -> None:
    assert messages("{{history}}{{history}}", HISTORY) == [*PAST, *PAST]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{{role "system"}}a{{role "user"}}b', [said("system", "a"), *PAST, said("user", "b")]),
        ('{{role "system"}}a', [said("system", "a"), *PAST]),
        ('a{{role "model"}}b', [said("user", "a"), said("model", "b"), *PAST]),
        ("a", [*PAST, said("user", "a")]),
        ("", PAST),
    ],
)
def test_a_history_without_a_place_stands_before_the_users_last_word(
    source: str, expected: list[Message]
) -> None:
    assert messages(source, HISTORY) == expected


def test_without_a_history_its_place_still_ends_the_message() -> None:
    assert messages("a{{history}}b") == [said("user", "a"), said("model", "b")]


def test_media_and_sections_are_parts_in_their_order() -> None:
    source = 'a {{media url=u contentType=t}} \n {{media url=u}}{{section "x"}} b'
    assert messages(source, u="http://a", t="image/png") == [
        Message(
            "user",
            (Text("a "), Media("http://a", "image/png"), Media("http://a", None), Section("x"), Text(" b")),
        )
    ]


@pytest.mark.parametrize("address", [None, ""])
def test_media_without_an_address_yields_nothing(address: str | None) -> None:
    assert messages('{{role "user"}} {{media url=u contentType="image/png"}} ', u=address) == []


@pytest.mark.parametrize("kind", [None, "", False, 0])
def test_media_may_have_no_type(kind: Any) -> None:
    assert messages("{{media url='u' contentType=t}}", t=kind) == [Message("user", (Media("u", None),))]


def test_an_indented_partial_is_indented_across_roles() -> None:
    assert messages("a\n  {{> p}}\nb") == [said("user", "a\n  one\n  "), said("model", "two\n  \n  three\nb")]


def test_a_section_begins_an_indented_line() -> None:
    source = compile_template(
        parse("a\n  {{> p}}\n").nodes, {"p": parse('x\n{{section "s"}}\n{{media url="u"}}y').nodes}
    )
    assert source.render({}) == [
        Message("user", (Text("a\n  x\n  "), Section("s"), Media("u"), Text("y"))),
    ]
