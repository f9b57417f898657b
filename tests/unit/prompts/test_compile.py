"""Sources to a bundle, and everything that `check` says."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.file import Source
from promptstudio.prompts.project_settings import ProjectSettings, parse_settings
from promptstudio.values import Json, canonical

ROOT = Path(__file__).parents[3]
SETTINGS = ProjectSettings("acme")
TODAY = date(2026, 11, 20)


def compiled(*texts: str, settings: ProjectSettings = SETTINGS, **files: str) -> Any:
    """The bundle of files p.prompt, p2.prompt … and of those that are named, `_x` for partials."""
    named = {"p" if index == 0 else f"p{index + 1}": text for index, text in enumerate(texts)} | files
    sources = [Source(f"prompts/{name}.prompt", text) for name, text in named.items()]
    return compile_bundle(sources, settings, today=TODAY)


def said(*texts: str, **files: Any) -> list[str]:
    result = compiled(*texts, **files)
    assert (result.bundle is None) == any(found.severity == "error" for found in result.diagnostics)
    return [str(found).removeprefix("prompts/") for found in result.diagnostics]


def version_of(text: str, **files: Any) -> Any:
    result = compiled(text, **files)
    assert result.bundle is not None, result.diagnostics
    (version,) = result.bundle["prompts"]["p"]["versions"].values()
    return version


def front(*lines: str, body: str = "") -> str:
    return "\n".join(["---", *lines, "---", body])


def test_the_smallest_prompt() -> None:
    bundle = compiled("Hi {{name}}").bundle
    assert bundle["format"] == 1
    assert bundle["providers"] == {"echo": {"type": "echo", "base_url": "", "timeout_s": 300}}
    prompt = bundle["prompts"]["p"]
    assert {key: prompt[key] for key in ("aliases", "labels", "latest")} == {
        "aliases": [],
        "labels": {},
        "latest": 0,
    }
    version = prompt["versions"]["0"]
    del version["source"]
    price = {"input": 0, "output": 0, "cached": 0, "cache_write": 0}
    assert version == {
        "provider": "echo",
        "api": "echo",
        "model": "echo/echo",
        "price": price,
        "config": {},
        "input": {"schema": {}, "default": {}},
        "output": {"format": "text"},
        "template": version["template"],
        "partials": {},
    }
    assert version["template"][0] == {"type": "text", "text": "Hi "}


def test_everything_a_file_may_say() -> None:
    version = version_of(
        "---\nname: p\nversion: 3\ndescription: Says hi.\nmodel: openai/gpt-5.4-mini\n"
        "config: {maxOutputTokens: 5, temperature: 0.5}\n"
        "input:\n  schema:\n    who?: string\n  default: {who: you}\n"
        "output:\n  schema:\n    a?: string, the a\n---\nHi {{who}}"
    )
    assert (version["description"], version["provider"], version["api"]) == ("Says hi.", "openai", "openai")
    assert version["config"] == {"max_tokens": 5, "temperature": 0.5}
    assert version["input"] == {
        "schema": {
            "type": "object",
            "properties": {"who": {"type": ["string", "null"]}},
            "additionalProperties": False,
        },
        "default": {"who": "you"},
    }
    assert version["output"]["format"] == "json"
    assert version["output"]["strict"] is True
    assert version["output"]["wire_schema"]["required"] == ["a"]
    assert version["price"]["output"] > version["price"]["input"] > version["price"]["cached"]


def test_the_same_files_give_the_same_bytes_in_any_order() -> None:
    sources = [
        Source("prompts/a.prompt", "A {{> x}}"),
        Source("prompts/_x.prompt", "X"),
        Source("b.prompt", "B"),
    ]
    bundles = [compile_bundle(order, SETTINGS).bundle for order in (sources, sources[::-1])]
    assert canonical(bundles[0]) == canonical(bundles[1])


def test_every_change_changes_the_hash() -> None:
    texts = ["A", "A ", "---\nx.y: 1\n---\nA", "---\n# c\n---\nA", "---\ndescription: a\n---\nA"]
    partials = [compiled("A{{> x}}", _x=text).bundle["hash"] for text in ("X", "Y")]
    assert len({compiled(text).bundle["hash"] for text in texts} | set(partials)) == len(texts) + 2


def test_only_providers_in_use_are_in_the_bundle() -> None:
    text = 'name = "a"\n[providers.mine]\ntype = "openai-chat"\nbase_url = "http://x/v1"\nheaders = {a = "b"}'
    bundle = compiled("---\nmodel: mine/m/n\n---\n", settings=parse_settings(text, "")).bundle
    row = {"type": "openai-chat", "base_url": "http://x/v1", "headers": {"a": "b"}, "timeout_s": 300}
    assert bundle["providers"] == {"mine": row}
    assert "price" not in bundle["prompts"]["p"]["versions"]["0"]


def test_a_declared_price_goes_over_the_known_one() -> None:
    text = 'name = "a"\nmodel = "openai/gpt-5.4-mini"\n[models."openai/gpt-5.4-mini"]\ninput = 1\noutput = 2'
    version = compiled("Hi", settings=parse_settings(text, "")).bundle["prompts"]["p"]["versions"]["0"]
    assert version["price"] == {"input": 10**6, "output": 2 * 10**6, "cached": 10**6, "cache_write": 10**6}


@pytest.mark.parametrize("setting", ["stop: x", "seed: 1", "frequency_penalty: 1", "presencePenalty: 1"])
def test_what_responses_lack_goes_through_chat_completions(setting: str) -> None:
    version = version_of(f"---\nmodel: openai/gpt-5.4-mini\nconfig: {{{setting}}}\n---\nHi")
    assert (version["provider"], version["api"]) == ("openai", "openai-chat")


def test_versions_labels_and_aliases_of_one_name() -> None:
    labels, aliases = "promptstudio.labels: [{}]", "promptstudio.aliases: [{}]"
    first = front("name: hello", "version: 1", labels.format("production"), aliases.format("pmpt_1"))
    second = front("name: hello", "version: 10", labels.format("staging"), aliases.format("b, pmpt_1"))
    third = front("name: hello", "version: 2")
    prompt = compiled(first, second, third).bundle["prompts"]["hello"]
    assert prompt["aliases"] == ["b", "pmpt_1"]
    assert prompt["labels"] == {"production": 1, "staging": 10}
    assert prompt["latest"] == 10
    assert list(prompt["versions"]) == ["1", "2", "10"]


def test_partials_are_brought_in_with_those_they_bring_in() -> None:
    version = version_of("{{> a}}", _a="{{> b}}", _b="B{{> a}}", _c="C")
    assert list(version["partials"]) == ["a", "b"]


def test_a_prompt_whose_key_is_missing_runs_on_the_fallback() -> None:
    sources = [
        Source("a.prompt", "---\nmodel: openai/gpt-5.4-mini\nconfig: {stop: x}\n---\n"),
        Source("b.prompt", "---\nmodel: anthropic/claude-haiku-5-5\n---\n"),
        Source("c.prompt", ""),
    ]
    bundle: Any = compile_bundle(
        sources, SETTINGS, fallback_model="echo/echo", available=lambda name: name == "ANTHROPIC_API_KEY"
    ).bundle
    versions = [bundle["prompts"][name]["versions"]["0"] for name in "abc"]
    assert [version["model"] for version in versions] == [
        "echo/echo",
        "anthropic/claude-haiku-5-5",
        "echo/echo",
    ]
    assert (versions[0]["api"], versions[0]["config"]) == ("echo", {"stop": "x"})
    assert list(bundle["providers"]) == ["anthropic", "echo"]


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


@pytest.mark.parametrize(
    "lines",
    [
        (
            "promptstudio.limits:",
            "  - {requests: 60, per: minute, by: key}",
            "  - {requests: 10.0, per: day}",
        ),
        ("promptstudio:", "  limits: [{requests: 60, per: minute, by: key}, {per: day, requests: 10}]"),
    ],
)
def test_limits_stand_in_the_bundle_in_their_order(lines: tuple[str, ...]) -> None:
    version = version_of(front(*lines))
    assert list(version).index("limits") == list(version).index("config") + 1
    assert [list(limit.items()) for limit in version["limits"]] == [
        [("requests", 60), ("per", "minute"), ("by", "key")],
        [("requests", 10), ("per", "day"), ("by", "prompt")],
    ]
    assert "cache" not in version


@pytest.mark.parametrize(
    "line", ["promptstudio.cache: {ttl_s: 3600}", "promptstudio: {cache: {ttl_s: 3600}}"]
)
def test_the_cache_stands_in_the_bundle(line: str) -> None:
    version = version_of(front(line))
    assert list(version)[list(version).index("config") + 1] == "cache"
    assert version["cache"] == {"ttl_s": 3600}
    assert "limits" not in version


def test_labels_and_aliases_may_stand_under_one_key() -> None:
    nested = front("name: a", "version: 2", "promptstudio: {labels: [production], aliases: [pmpt_1]}")
    prompt = compiled(nested).bundle["prompts"]["a"]
    assert (prompt["labels"], prompt["aliases"]) == ({"production": 2}, ["pmpt_1"])


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


def test_a_partial_sees_its_prompts_variables() -> None:
    def prompt(body: str) -> str:
        return front("input:", "  schema:", "    a: string", "    rows(array):", "      b: string", body=body)

    assert said(prompt("{{> x}}"), _x="{{a}}\n{{b}}") == [
        "_x.prompt:2:3: error: the template uses b, which input.schema does not declare in prompts/p.prompt"
    ]
    assert said(prompt("{{> x b=a}}"), _x="{{#if b}}{{> y}}{{/if}}", _y="{{a}}{{b}}") == []
    assert said(prompt("{{#each rows}}{{> x}}{{/each}}"), _x="{{b}}") == []
    assert said(prompt("{{> x rows.[0]}}"), _x="{{b}}") == []


def test_an_empty_schema_declares_none() -> None:
    assert said(front("input: {schema: {}}", body="{{a}}")) == [
        "p.prompt:4:3: error: the template uses a, which input.schema does not declare"
    ]


def test_an_open_schema_declares_all_variables() -> None:
    schema = "input: {schema: {type: object, properties: {a: {type: string}}}}"
    assert said(front(schema, body="{{a}}{{b}}")) == []


def test_a_default_declares_its_variable_too() -> None:
    schema = "input: {schema: {'(*)': any, a: string}, default: {b: 1}}"
    assert said(front(schema, body="{{a}}{{b}}")) == []


def test_defaults_may_leave_required_variables_out() -> None:
    assert said(front("input: {schema: {a: string, b: string}, default: {b: x}}", body="{{a}}{{b}}")) == []


def test_a_crlf_file_compiles_to_the_same_version_but_for_its_line_ends() -> None:
    text = "---\nmodel: echo/echo\ninput:\n  schema:\n    a: string\n---\n{{#if a}}\n{{a}}\n{{/if}}\n"
    versions = [version_of(text), version_of(text.replace("\n", "\r\n"))]
    assert versions[0]["input"] == versions[1]["input"]
    body: list[Json] = versions[1]["template"][0]["body"]
    assert body[-1] == {"type": "text", "text": "\r\n"}


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
