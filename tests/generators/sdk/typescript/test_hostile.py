"""No name, text or value of a bundle becomes code, a tag or markup: it stands in the files as what it was."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio.values import Json, dumps
from promptstudio_generators.names import PromptName
from promptstudio_generators.names.text import lines_of
from promptstudio_generators.names.typescript import typescript_literal, typescript_names
from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import SdkOptions
from promptstudio_generators.write import write
from tests.conftest import NODE_MODULES
from tests.generators.hostile import PIECES, texts
from tests.generators.sdk.typescript.hosts import ESBUILD, HERE, driven
from tests.generators.sdk.typescript.test_package import TSC_5_9, run

Look = Callable[[str], dict[str, Any]]

INDEX: Final = "src/index.ts"
TAKEN: Final = frozenset({"Prompt", "TextOutput", "JsonOutput"})
SLUG: Final = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)

# What JavaScript, a class, a promise, a client or its runtime means something by.
NAMES: Final = (
    *("constructor", "then", "to-string", "value-of", "to-json", "has-own-property", "with-options"),
    *(
        "prototype",
        "arguments",
        "eval",
        "await",
        "class",
        "default",
        "new",
        "static",
        "get",
        "delete",
        "async",
    ),
    *("a1", "a-1", "a--1", "a-1-", "a", "a-", "json", "text", "prompt", "stream", "types", "name", "length"),
    *(
        "acme",
        "error",
        "client",
        "call",
        "options",
        "close",
        "catch",
        "finally",
        "undefined",
        "nan",
        "x" * 63,
    ),
)


@pytest.fixture(scope="module")
def look() -> Iterator[Look]:
    """What TypeScript's parser makes of a file."""
    tools = str(NODE_MODULES.parent / "package.json")
    with driven(["node", str(HERE / "parse_driver.mjs"), tools]) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def ask(text: str) -> dict[str, Any]:
            stdin.write(json.dumps(text) + "\n")
            stdin.flush()
            answer: dict[str, Any] = json.loads(stdout.readline())
            return answer

        yield ask


def document(prompts: dict[str, Json]) -> dict[str, Json]:
    return {"hash": "sha256:" + "0" * 64, "prompts": prompts}


def prompt(words: list[str]) -> Json:
    """A prompt with these words wherever people write freely: each word is the name of a variable as well."""
    inner: Json = {"type": "object", "properties": {words[0]: {"type": "string", "description": words[1]}}}
    variables: dict[str, Json] = {
        word: {"enum": [word, 1.5, True], "description": word, "default": word} for word in words
    }
    choices: list[Json] = [*words]
    version: Json = {
        "description": words[0],
        "message": words[1],
        "input": {"schema": {"type": "object", "properties": {**variables, words[2]: inner}}, "default": {}},
        "output": {
            "format": "json",
            "schema": {"type": "object", "properties": {words[3]: {"enum": choices}}},
        },
    }
    return {"labels": {words[4]: 1}, "latest": 1, "versions": {"1": version}}


def files_of(words: list[str]) -> dict[str, str]:
    options = SdkOptions(name=words[5], label=words[4])
    return generate_sdk("typescript", document({"greet": prompt(words)}), options)


words_of = st.lists(texts, min_size=6, max_size=6, unique=True)
PLAIN: Final = ["one", "two", "three", "four", "five", "six"]


@pytest.mark.needs("node")
@settings(deadline=None, max_examples=80)
@given(words=words_of)
def test_texts_stay_texts_wherever_they_stand(look: Look, words: list[str]) -> None:
    seen, usual = look(files_of(words)[INDEX]), look(files_of(PLAIN)[INDEX])
    assert seen["problems"] == []
    assert seen["tags"] == 0
    assert sorted(seen["keys"]) == sorted([*words, words[0], words[3]])
    assert set(words) <= set(seen["texts"])
    others = {text for text in seen["texts"] if text not in {*usual["texts"], *words}}
    assert all(re.fullmatch("[A-Z0-9_]+_(API_KEY|BASE_URL)", text) for text in others)
    if all(lines_of(word) for word in words):
        assert seen["kinds"] == usual["kinds"]


@pytest.mark.needs("node")
@settings(deadline=None, max_examples=80)
@given(words=words_of)
def test_comments_say_what_was_said(look: Look, words: list[str]) -> None:
    comments = [without_backslashes(comment) for comment in look(files_of(words)[INDEX])["comments"]]
    for word in words[:2]:
        said = "\n".join(lines_of(word))
        assert any(squeezed(comment).startswith(squeezed(said)) for comment in comments)


def without_backslashes(markdown: str) -> str:
    return re.sub(r"\\([\\`*\[<@#/])", r"\1", markdown)


def squeezed(text: str) -> str:
    """TypeScript's parser drops some white space at the ends of lines."""
    return re.sub(r"\s+", "", text)


@settings(deadline=None, max_examples=80)
@given(words=words_of)
def test_the_other_files_hold_no_more_than_they_should(words: list[str]) -> None:
    files, usual = files_of(words), files_of(PLAIN)
    assert files.keys() == usual.keys()
    assert {path for path in files if files[path] != usual[path]} <= {
        *(INDEX, "README.md", "CHANGELOG.md", "package.json", "prompts.lock", "test/prompts.json"),
    }
    manifest, plain = json.loads(files["package.json"]), json.loads(usual["package.json"])
    assert re.fullmatch(r"[a-z][a-z0-9-]*", manifest.pop("name"))
    plain.pop("name")
    assert manifest == plain
    readme, plain_readme = (each["README.md"].splitlines() for each in (files, usual))
    fences = [
        [at for at, line in enumerate(lines) if line.startswith("```")] for lines in (readme, plain_readme)
    ]
    if lines_of(words[0]):
        assert fences[0] == fences[1]
        assert len(readme) == len(plain_readme)


@pytest.mark.needs("node")
@settings(deadline=None, max_examples=80)
@given(
    value=st.recursive(
        texts
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.none()
        | st.booleans(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(texts | st.just("__proto__"), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_a_literal_is_its_value(evaluate: Callable[[str], str], value: Json) -> None:
    literal = typescript_literal(value)
    assert literal.isascii()
    assert json.loads(evaluate(literal), parse_int=float) == json.loads(dumps(value), parse_int=float)


@pytest.fixture(scope="module")
def evaluate() -> Iterator[Callable[[str], str]]:
    """The JSON of an expression's value."""
    script = """
      require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
        process.stdout.write(JSON.stringify(eval(`(${JSON.parse(line)})`)) + "\\n");
      });
    """
    with driven(["node", "-e", script]) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def ask(expression: str) -> str:
            stdin.write(json.dumps(expression) + "\n")
            stdin.flush()
            return stdout.readline()

        yield ask


@settings(deadline=None, max_examples=200)
@given(names=st.lists(SLUG | st.sampled_from(NAMES), min_size=1, max_size=12, unique=True))
def test_every_prompt_has_names_of_its_own_whatever_the_order(names: list[str]) -> None:
    prompts = [PromptName(name) for name in names]
    found = typescript_names(prompts, TAKEN)
    assert found == typescript_names(prompts[::-1], TAKEN)
    assert found.keys() == set(names)
    members = [each.member for each in found.values()]
    types = [name for each in found.values() for name in (each.variables, each.output, each.json)]
    assert len({*members}) == len(members)
    assert len({*types}) == len(types)
    assert not TAKEN & {*types}
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9_]*", member) for member in members)
    for name, each in found.items():
        if "-" not in name and name not in NAMES:
            assert each.member == name


@pytest.mark.needs("node")
def test_no_name_of_a_prompt_is_in_the_way_of_a_client(tmp_path: Path) -> None:
    plain: Json = {
        "labels": {},
        "latest": 1,
        "versions": {"1": {"input": {"schema": {}, "default": {}}, "output": {"format": "json"}}},
    }
    files = generate_sdk("typescript", document(dict.fromkeys(NAMES, plain)), SdkOptions(name="acme"))
    write(files, tmp_path)
    run(tmp_path, "node", TSC_5_9, "-p", "tsconfig.json", "--noEmit")
    run(tmp_path, ESBUILD, INDEX, "--bundle", "--format=esm", "--outfile=acme.mjs")
    script = """
      const { Acme } = await import("./acme.mjs");
      const { prompts } = JSON.parse(process.argv[1]);
      const sent = [];
      const fetch = async (url) => (sent.push(url), Response.json({ output: { type: "json" } }));
      const client = await new Acme({ baseUrl: "http://acme.example", fetch });
      for (const { member } of prompts) await client[member]();
      await client.withOptions({})[prompts[0].member]();
      const seen = [sent, client instanceof Acme, String(client), client.constructor === Acme];
      console.log(JSON.stringify(seen));
    """
    output = run(tmp_path, "node", "--input-type=module", "-e", script, files["test/prompts.json"])
    sent, *others = json.loads(output)
    assert sent[:-1] == [f"http://acme.example/v1/prompts/{name}/run" for name in sorted(NAMES)]
    assert others == [True, "[object Object]", True]


CALLED: Final = (
    *("Prompt", "rate limit", "API connection", "Error", "Object", "promise", "prompts", "greet output", ""),
    *("日本", "3D", "../..", "types"),
)


@pytest.mark.parametrize("name", CALLED)
def test_a_client_is_called_like_nothing_that_its_package_has(name: str) -> None:
    options = SdkOptions(name=name, label="five")
    files = generate_sdk("typescript", document({"greet": prompt(PLAIN)}), options)
    declared = r"^export (?:class|interface|type|const) (\w+)|PromptsError as (\w+)"
    sources = [files[INDEX], *(files[f"src/{each}.ts"] for each in ("errors", "problems", "types", "client"))]
    found = [a or b for text in sources for a, b in re.findall(declared, text, re.MULTILINE)]
    found.remove("PromptsError")  # the client's error may have the name that it has in the runtime
    assert len(set(found)) == len(found)


def test_nothing_is_written_outside_the_folder(tmp_path: Path) -> None:
    words = [f"{piece}{at}" for at, piece in enumerate(PIECES[:6])]
    files = files_of([*words[:5], "../../" * 100])
    write(files, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
