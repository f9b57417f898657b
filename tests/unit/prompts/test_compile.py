"""Sources to a bundle."""

from typing import Any

import pytest

from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.file import Source
from promptstudio.prompts.project_settings import parse_settings
from promptstudio.values import Json, canonical
from tests.unit.prompts.compiling import SETTINGS, compiled, front, said, version_of


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
