"""Everything that `check` says."""

from pathlib import Path

import pytest

from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.file import Source
from promptstudio.prompts.project_settings import parse_settings
from tests.unit.prompts.compiling import SETTINGS, front, said

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "---\na: b: c\n---\n",
            "2:5: error: the front matter is not YAML that can be read: mapping values are",
        ),
        ("---\nmodel: a/b\n", "1:1: error: the front matter is not closed"),
        (front("name: Big"), "2:1: error: Big is not a prompt's name, which has small letters"),
        (front("name: 5"), "2:1: error: name: 5 is not a string"),
        (front("version: -1"), "2:1: error: version: -1 is less than 0"),
        (front("version: 1.5"), "2:1: error: version: 1.5 is not an integer"),
        (front("model: ''"), "2:1: error: model: is shorter than 1 characters"),
        (front("model: gpt"), "2:1: error: gpt is not a model's name, which is provider/model"),
        (
            front("model: gemini/x"),
            "2:1: error: there is no provider gemini: declare it in promptstudio.toml as [providers.gemini]",
        ),
        (front("config: 5"), "2:1: error: config: 5 is not an object or null"),
        (front("config:", "  temperature: hot"), '3:3: error: config.temperature: "hot" is not a number'),
        (
            front("config:", "  top_k: 5"),
            "3:3: error: config.top_k is not a setting; there are frequency_penalty,",
        ),
        (
            front("model: anthropic/claude-haiku-5-5", "config:", "  seed: 5"),
            "4:3: error: config.seed: provider anthropic has no such setting",
        ),
        (front("input:", "  schema:", "    a: strng"), "4:5: error: input.schema: there is no type strng"),
        (front("input:", "  schema: string"), "3:3: error: input.schema has to describe an object"),
        (
            front(
                "input:", "  schema:", "    type: object", "    properties:", "      a:", "        pattern: x"
            ),
            "7:9: error: input.schema: the schema keyword pattern is not supported",
        ),
        (
            front("input:", "  schema: {a: string}", "  default:", "    b: 1"),
            "5:5: error: input.default.b: is not a variable of this prompt",
        ),
        (
            front("input:", "  schema: {a: string}", "  default:", "    a: 1"),
            "5:5: error: input.default.a: 1 is not a string",
        ),
        (front("input: {default: 5}"), "2:9: error: input.default: 5 is not an object"),
        (front("output: {format: xml}"), '2:10: error: output.format: "xml" is not one of text, json'),
        (
            front("output: {format: text, schema: {a: string}}"),
            "2:10: error: output.schema needs the format json",
        ),
        (
            front("output:", "  schema:", "    type: object", "    oneOf: []"),
            "5:5: error: output.schema: the schema keyword oneOf is not supported",
        ),
        (
            front("promptstudio.labels: production"),
            '2:1: error: promptstudio.labels: "production" is not an array',
        ),
        (
            front("promptstudio.labels: [Production]"),
            "2:23: error: Production is not a label, which has small",
        ),
        (front("promptstudio.aliases: [a b]"), "2:24: error: a b is not an alias, which has letters"),
        (
            front("promptstudio:", "  labels: [Production]"),
            "3:12: error: Production is not a label, which has small",
        ),
        (
            front("promptstudio:", "  aliases: [a]", "promptstudio.aliases: [b]"),
            "3:3: error: promptstudio.aliases stands here and as a key of its own: keep one of them",
        ),
        (front("promptstudio: [limits]"), '2:1: error: promptstudio: ["limits"] is not an object or null'),
        *(
            (
                front("promptstudio:", f"  limits: {written}"),
                f"3:{column}: error: promptstudio.limits{problem}",
            )
            for written, column, problem in [
                ("60", 3, ": 60 is not an array; a limit is written as {requests: 60, per: minute, by: key}"),
                ("[]", 3, ": has fewer than 1 items; a limit is"),
                ("[{requests: 1, per: day}" + ", {requests: 1, per: day}" * 8 + "]", 3, ": has more than 8"),
                ("[60]", 12, ".0: 60 is not an object; a limit is"),
                ("[{per: day}]", 12, ".0.requests: is required; a limit is"),
                ("[{requests: 1}]", 12, ".0.per: is required"),
                ("[{requests: 0, per: day}]", 13, ".0.requests: 0 is less than 1"),
                ("[{requests: 1000000001, per: day}]", 13, ".0.requests: 1000000001 is more than 1000000000"),
                ("[{requests: 1.5, per: day}]", 13, ".0.requests: 1.5 is not an integer"),
                ("[{requests: 1, per: week}]", 26, '.0.per: "week" is not one of second, minute, hour, day'),
                ("[{requests: 1, per: day, by: ip}]", 36, '.0.by: "ip" is not one of prompt, key, user'),
                ("[{requests: 1, per: day, burst: 2}]", 36, ".0.burst: is not a property of this object; a"),
                (
                    "[{requests: 1, per: day}, {requests: 2, per: day, by: prompt}]",
                    37,
                    ".1: there is a limit per day by prompt already: keep one of them",
                ),
            ]
        ),
        *(
            (front(f"promptstudio.cache: {written}"), f"2:{column}: error: promptstudio.cache{problem}")
            for written, column, problem in [
                ("3600", 1, ": 3600 is not an object; it is written as {ttl_s: 3600}"),
                ("{}", 1, ".ttl_s: is required; it is written as"),
                ("{ttl_s: 0}", 22, ".ttl_s: 0 is less than 1; it is written as"),
                ("{ttl_s: 2592001}", 22, ".ttl_s: 2592001 is more than 2592000"),
                ("{ttl_s: 1h}", 22, '.ttl_s: "1h" is not an integer'),
                ("{ttl_s: 1, scope: user}", 32, ".scope: is not a property of this object"),
            ]
        ),
        (front(body="\n{{#if a}}\nb"), "4:1: error: "),
        (
            front("version: 9007199254740992"),
            "2:1: error: version: 9007199254740992 is more than 9007199254740991",
        ),
        (front(body="  {{shout a}}"), "3:5: error: there is no helper shout"),
        (
            "line\n {{> nothing}}",
            "2:2: error: there is no partial nothing: it would be a file _nothing.prompt",
        ),
        (
            front("input:", "  schema:", "    a: string", body="{{a}}\n {{b}}"),
            "7:4: error: the template uses b, which input.schema does not declare",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, problem: str) -> None:
    findings = said(text)
    assert len(findings) == 1, findings
    assert findings[0].startswith(f"p.prompt:{problem}")


def test_all_problems_of_all_files_are_said_in_order() -> None:
    assert [
        finding.split(" ")[0]
        for finding in said("{{> x}}{{> y}}", "---\nmodel: x\nconfig: {a: 1}\n---\n{{#if")
    ] == [
        "p.prompt:1:1:",
        "p.prompt:1:8:",
        "p2.prompt:2:1:",
        "p2.prompt:5:1:",
    ]


@pytest.mark.parametrize(
    ("line", "place", "warning"),
    [
        ("modle: x", "2:1", "the key modle has no effect"),
        ("tools: [a]", "2:1", "the key tools has no effect"),
        ("promptstudio.lables: [a]", "2:1", "the key promptstudio.lables has no effect"),
        ("input: {defualt: {}}", "2:9", "the key input.defualt has no effect"),
        ("promptstudio: {lables: [a]}", "2:16", "the key promptstudio.lables has no effect"),
        (
            "model: openai/gpt-4o",
            "2:1",
            "openai/gpt-4o will be retired on 2027-01-14; its successor is openai/",
        ),
        (
            "model: anthropic/claude-opus-4",
            "2:1",
            "anthropic/claude-opus-4 was retired on 2026-06-15; its successor is",
        ),
        (
            "{model: anthropic/claude-opus-5, config: {topP: 1}}",
            "2:43",
            "config.topP: anthropic/claude-opus-5 refuses this setting",
        ),
        (
            "{model: openai/gpt-5.4, output: {format: json}}",
            "2:34",
            "output.format: provider openai refuses this unless the prompt has the word JSON: say it",
        ),
    ],
)
def test_warnings_do_not_stand_in_the_way(line: str, place: str, warning: str) -> None:
    (finding,) = said(front(line))
    assert finding.startswith(f"p.prompt:{place}: warning: {warning}")


@pytest.mark.parametrize(
    "line",
    ["theirs.key: 1", "variant: x", "metadata: {a: 1}", "promptstudio.labels: []", "promptstudio:"],
)
def test_other_tools_keys_are_theirs(line: str) -> None:
    assert said(front(line)) == []


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("{model: openai/gpt-5.4, output: {format: json}}", "{{#if x}}{{else}}Answer in JSON{{/if}}"),
        ("{model: openai/gpt-5.4, output: {format: json}}", "{{> x}}"),
        ("{model: openai/gpt-5.4, output: {format: json, schema: {a: string}}}", ""),
        ("{model: anthropic/claude-haiku-5-5, output: {format: json}}", ""),
    ],
)
def test_only_openai_without_a_schema_wants_the_word_json(line: str, body: str) -> None:
    assert said(front(line, body=body), _x="as json") == []


def test_two_files_cannot_be_the_same_version() -> None:
    assert said("---\nname: a\n---\n", "---\nname: a\n---\n") == [
        "p2.prompt:2:1: error: prompts/p.prompt is version 0 of a too"
    ]


def test_a_label_is_on_one_version_alone() -> None:
    texts = [f"---\nname: a\nversion: {n}\npromptstudio.labels: [production]\n---\n" for n in (1, 2)]
    assert said(*texts) == ["p2.prompt:4:1: error: prompts/p.prompt has the label production of a too"]


@pytest.mark.parametrize(("first", "second"), [("x", "x"), ("y", "p")])
def test_a_name_means_one_prompt(first: str, second: str) -> None:
    findings = said(front(f"promptstudio.aliases: [{first}]"), front(f"promptstudio.aliases: [{second}]"))
    assert findings == [f"p2.prompt:2:1: error: {second} already means the prompt p"]
    findings = said(
        front(f"promptstudio.aliases: [{first}]"), front(f"promptstudio: {{aliases: [{second}]}}")
    )
    assert findings == [f"p2.prompt:2:16: error: {second} already means the prompt p"]


def test_partials_are_checked_where_they_stand() -> None:
    assert said(_a="{{> b}}", _c="{{#each x}}") == [
        "_a.prompt:1:1: error: there is no partial b: it would be a file _b.prompt",
        *said(_c="{{#each x}}"),
    ]
    assert said(_c="\n{{#each x}}")[0].startswith("_c.prompt:2:1: error: ")


def test_two_partials_cannot_have_one_name() -> None:
    sources = [Source("a/_x.prompt", ""), Source("b/_x.prompt", "")]
    found = compile_bundle(sources, SETTINGS).diagnostics
    assert [str(each) for each in found] == [
        "b/_x.prompt:1:1: error: a/_x.prompt is a partial of the same name"
    ]


def test_the_guides_example_has_no_problems() -> None:
    example = (ROOT / "docs" / "prompts.md").read_text().split("```")[1]
    assert said(example.lstrip("\n")) == []


def test_the_examples_have_no_problems() -> None:
    folder = ROOT / "examples"
    sources = [Source(path.name, path.read_text()) for path in folder.rglob("*.prompt")]
    settings = parse_settings((folder / "promptstudio.toml").read_text(), "promptstudio.toml")
    assert compile_bundle(sources, settings).diagnostics == []


@pytest.mark.parametrize("value", ["[1]", "[{a: b}]", "[null]", "5", "1.5", "true", "text"])
@pytest.mark.parametrize("key", ["input", "output"])
def test_a_section_that_is_none_is_told_as_one_problem(key: str, value: str) -> None:
    (problem,) = said(f"---\nmodel: echo/echo\n{key}: {value}\n---\nHi")
    assert problem.startswith("p.prompt:3:1: error: ")
