from typing import Any

import pytest

from promptstudio.prompts.template import parse


def only(source: str) -> Any:
    (node,) = parse(source).nodes
    return node


def value(source: str) -> Any:
    return only(source)["value"]


def test_text_stays_text() -> None:
    assert parse("a } }} { b\n").nodes == [{"type": "text", "text": "a } }} { b\n"}]


def test_an_empty_template_has_no_nodes() -> None:
    assert parse("").nodes == []


@pytest.mark.parametrize("source", ["{{x}}", "{{{x}}}", "{{&x}}", "{{ x }}", "{{~x~}}", "{{\n x\t}}"])
def test_a_value_needs_no_escaping_however_it_is_written(source: str) -> None:
    assert only(source) == {"type": "value", "value": {"type": "path", "up": 0, "names": ["x"]}, "at": [1, 1]}


@pytest.mark.parametrize(
    ("source", "up", "names"),
    [
        ("{{a.b}}", 0, ["a", "b"]),
        ("{{a/b}}", 0, ["a", "b"]),
        ("{{this}}", 0, []),
        ("{{.}}", 0, []),
        ("{{this.a}}", 0, ["a"]),
        ("{{./a}}", 0, ["a"]),
        ("{{../a}}", 1, ["a"]),
        ("{{../../a.b}}", 2, ["a", "b"]),
        ("{{..}}", 1, []),
        ("{{a.[b c].d}}", 0, ["a", "b c", "d"]),
        ("{{[a]}}", 0, ["a"]),
        (r"{{[a\]b]}}", 0, ["a]b"]),
        ("{{a.[0]}}", 0, ["a", "0"]),
        ("{{a.0.b}}", 0, ["a", "0", "b"]),
        ("{{a.[this]}}", 0, ["a", "this"]),
        ('{{"first name"}}', 0, ["first name"]),
        ("{{12}}", 0, ["12"]),
        ("{{1.0}}", 0, ["1"]),
        ("{{true}}", 0, ["true"]),
        ("{{null}}", 0, ["null"]),
        ("{{undefined}}", 0, ["undefined"]),
        ("{{this.if}}", 0, ["if"]),
        ("{{größe-1$:?}}", 0, ["größe-1$:?"]),
        ("{{@this}}", 0, []),
    ],
)
def test_paths(source: str, up: int, names: list[str]) -> None:
    assert value(source) == {"type": "path", "up": up, "names": names}


@pytest.mark.parametrize(
    ("source", "up", "name", "names"),
    [
        ("{{@index}}", 0, "index", []),
        ("{{@root.a.b}}", 0, "root", ["a", "b"]),
        ("{{@../key}}", 1, "key", []),
        ("{{@json}}", 0, "json", []),
    ],
)
def test_data(source: str, up: int, name: str, names: list[str]) -> None:
    assert value(source) == {"type": "data", "up": up, "name": name, "names": names}


@pytest.mark.parametrize(
    ("written", "literal"),
    [
        ('"a b"', "a b"),
        ("'a \"b\"'", 'a "b"'),
        (r'"a \"b\""', 'a "b"'),
        (r'"a\nb"', r"a\nb"),
        ("12", 12),
        ("-1.50", -1.5),
        ("2.0", 2),
        ("12345678901234567890", 12345678901234567168),
        ("true", True),
        ("false", False),
        ("null", None),
    ],
)
def test_literals(written: str, literal: Any) -> None:
    assert value(f"{{{{json {written}}}}}")["arguments"] == [{"type": "literal", "value": literal}]


def test_calls_nest() -> None:
    assert value('{{json (lookup a (lookup b "c")) indent=2}}') == {
        "type": "call",
        "helper": "json",
        "arguments": [
            {
                "type": "call",
                "helper": "lookup",
                "arguments": [
                    {"type": "path", "up": 0, "names": ["a"]},
                    {
                        "type": "call",
                        "helper": "lookup",
                        "arguments": [
                            {"type": "path", "up": 0, "names": ["b"]},
                            {"type": "literal", "value": "c"},
                        ],
                    },
                ],
            }
        ],
        "hash": {"indent": {"type": "literal", "value": 2}},
    }


def test_a_block_has_a_body_and_what_stands_after_else() -> None:
    assert only("{{#if a}}x{{else}}y{{/if}}") == {
        "type": "block",
        "helper": "if",
        "arguments": [{"type": "path", "up": 0, "names": ["a"]}],
        "body": [{"type": "text", "text": "x"}],
        "else": [{"type": "text", "text": "y"}],
        "at": [1, 1],
    }


def test_an_inverted_block_has_its_text_under_else() -> None:
    block = only("{{^if a}}x{{else}}y{{/if}}")
    assert (block["body"], block["else"]) == (
        [{"type": "text", "text": "y"}],
        [{"type": "text", "text": "x"}],
    )


def test_else_if_is_a_block_alone_in_else() -> None:
    block = only("{{#if a}}x{{else if b}}y{{else}}z{{/if}}")
    (inner,) = block["else"]
    assert (inner["helper"], inner["body"], inner["else"], inner["at"]) == (
        "if",
        [{"type": "text", "text": "y"}],
        [{"type": "text", "text": "z"}],
        [1, 11],
    )


def test_block_parameters_hide_what_they_name_until_the_block_ends() -> None:
    block = only("{{#each xs as |x i|}}{{x.y}}{{./x}}{{@i}}{{else}}{{x}}{{/each}}")
    assert block["parameters"] == ["x", "i"]
    assert [node["value"] for node in block["body"]] == [
        {"type": "parameter", "name": "x", "names": ["y"]},
        {"type": "path", "up": 0, "names": ["x"]},
        {"type": "parameter", "name": "i", "names": []},
    ]
    assert block["else"][0]["value"] == {"type": "path", "up": 0, "names": ["x"]}


def test_a_partial_has_a_context_and_values_to_lay_over_it() -> None:
    template = parse('{{> notes/tone item mood="calm"}}')
    assert template.partials == {"notes/tone"}
    assert template.nodes == [
        {
            "type": "partial",
            "name": "notes/tone",
            "at": [1, 1],
            "context": {"type": "path", "up": 0, "names": ["item"]},
            "hash": {"mood": {"type": "literal", "value": "calm"}},
        }
    ]


def test_of_two_equal_names_the_first_holds_and_the_last_stands_first() -> None:
    hash_ = only("{{> p a=1 b=2 a=3}}")["hash"]
    assert [(name, literal["value"]) for name, literal in hash_.items()] == [("a", 1), ("b", 2)]


def test_undefined_is_no_value_to_lay_over_a_context() -> None:
    assert set(only("{{> p a=undefined b=1}}")["hash"]) == {"b"}


def test_what_shapes_the_messages_has_nodes_of_its_own() -> None:
    source = '{{role "system"}}{{history}}{{section "one two"}}{{media url=u contentType="image/png"}}'
    assert parse(source).nodes == [
        {"type": "role", "role": "system", "at": [1, 1]},
        {"type": "history", "at": [1, 18]},
        {"type": "section", "name": "one two", "at": [1, 29]},
        {
            "type": "media",
            "url": {"type": "path", "up": 0, "names": ["u"]},
            "at": [1, 50],
            "content_type": {"type": "literal", "value": "image/png"},
        },
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"a \{{b}} c", "a {{b}} c"),
        (r"\{{a}}\{{b}}", "{{a}}{{b}}"),
        ("a{{! b }}c", "ac"),
        ("a{{!-- b }} {{c}} --}}d", "ad"),
        ("a{{!}}b", "ab"),
        ("a{{!----}}b", "ab"),
    ],
)
def test_escaped_tags_and_comments(source: str, text: str) -> None:
    assert parse(source).nodes == [{"type": "text", "text": text}]


def test_two_backslashes_are_one_before_a_tag() -> None:
    assert parse(r"a\\{{b}}").nodes[0] == {"type": "text", "text": "a\\"}


def test_positions_count_lines_and_columns_of_the_file() -> None:
    template = parse("{{a}}\r\n  é😀{{b}}", line=5, column=3)
    assert [node["at"] for node in template.nodes if node["type"] == "value"] == [[5, 3], [6, 5]]


def test_the_variables_a_template_uses() -> None:
    source = """{{a.x}}{{#each b as |item|}}{{c}}{{item}}{{../d}}{{@root.e}}{{../../no}}{{/each}}
{{#with f}}{{no}}{{else}}{{g}}{{/with}}{{#if h}}{{i}}{{/if}}{{#with this}}{{j}}{{/with}}
{{#with @root}}{{k}}{{/with}}{{> p l m=n}}{{lookup o (json p)}}{{media url=q}}{{@state.no}}"""
    assert [name for name, _, _ in parse(source).variables] == list("abdefghijklnopq")


def test_a_variable_is_known_by_its_place() -> None:
    assert parse("x\n {{#if a}}{{json  b}}{{/if}}").variables == [("a", 2, 8), ("b", 2, 19)]
