"""No name, text or value of a bundle becomes code or markup: what stands in the files is what it was."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio.values import Json
from promptstudio_generators.names import UnfitNameError
from promptstudio_generators.names.escaped import Escaped
from promptstudio_generators.names.text import lines_of
from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import SdkOptions
from promptstudio_generators.sdks.render import UnescapedTextError, render
from promptstudio_generators.write import write
from tests.generators.hostile import PIECES, texts
from tests.generators.sdk.python.checkers import mypy
from tests.generators.sdk.python.packages import importable

PROMPT: Final = "src/acme/prompts/greet.py"
MARKUP: Final = ("## ", "### ", "|", "<", "    ", "\t", "- ", ">")
PLAIN: Final = ["one", "two", "three", "four", "five"]

# What Python, a module, a class, a client or its runtime means something by.
SLUGS: Final = (
    *("class", "none", "true", "import", "async", "await", "match", "type", "lambda", "print", "self"),
    *("close", "aclose", "with-options", "property", "staticmethod", "object", "str", "list", "dict"),
    *("con", "nul", "aux", "com1", "init", "main", "prompt", "async-prompt", "answer", "pin", "run-stream"),
    *("async-run-stream", "raw-response", "not-given", "literal", "typed-dict", "sequence", "mapping"),
    *("text-output", "json-value", "request-options", "sequence-not-str", "a", "a-", "a--b", "a-b", "ab"),
    *("acme", "async-acme", "client", "async-client", "timeouts", "errors", "types", "raw", "x" * 63),
)
VARIABLES: Final = (
    *("class", "self", "options", "others", "None", "print", "_x", "__x", "__init__", "__class__", "str"),
    *("int", "float", "bool", "list", "dict", "object", "Literal", "Sequence", "NOT_GIVEN", "NotGiven"),
    *("text", "texT", "a b", "a-b", "a_b", "1", "", "ﬁ", "fi", "größe", "日本", "\u202ex", "x" * 300),
)

words_of = st.lists(texts, min_size=5, max_size=5, unique=True)


def document(prompts: dict[str, Json]) -> dict[str, Json]:
    return {"hash": "sha256:" + "0" * 64, "prompts": prompts}


def prompt_of(words: list[str]) -> Json:
    """A prompt with these words wherever people write freely: each word is the name of a variable as well, of
    a member that is sent and of one that is answered."""
    members: Json = {word: {"enum": [word, 2, True], "description": word, "default": word} for word in words}
    inner: Json = {"type": "object", "properties": members, "additionalProperties": False}
    version: Json = {
        "description": words[0],
        "message": words[1],
        "input": {"schema": {"type": "object", "properties": {**members, words[2]: inner}}, "default": {}},  # type: ignore[dict-item]
        "output": {"format": "json", "schema": {**inner, "required": [words[3]]}},  # type: ignore[dict-item]
    }
    return {"labels": {words[4]: 1}, "latest": 1, "versions": {"1": version}}


def files_of(words: list[str], name: str = "acme") -> dict[str, str]:
    options = SdkOptions(name=name, label=words[4])
    return generate_sdk("python", document({"greet": prompt_of(words)}), options)


def strings_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def classes_of(tree: ast.Module) -> Iterator[str]:
    """The names of classes, those of TypedDicts without a body too."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id


USUAL: Final = frozenset(strings_of(ast.parse(files_of(PLAIN)[PROMPT])))


def shape_of(tree: ast.AST) -> list[str]:
    """What kinds of nodes there are, in their order."""
    return [type(node).__name__ for node in ast.walk(tree)]


@settings(deadline=None, max_examples=60)
@given(words=words_of)
def test_texts_stay_texts_wherever_they_stand(words: list[str]) -> None:
    tree = ast.parse(files_of(words)[PROMPT])
    strings, classes = set(strings_of(tree)), {*classes_of(tree)}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported = {alias.name for node in imports for alias in node.names}
    assert set(words) <= strings
    documented = {"".join("".join(lines_of(word)).split()) for word in words}
    for string in strings - USUAL - classes:
        assert string in words or any(text in "".join(string.split()) for text in documented), string
    parameters = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    capital = {name for name in names - parameters if name[:1].isupper() or name.startswith("_")}
    assert capital <= classes | imported | {"_PIN", "__slots__"}


@settings(deadline=None, max_examples=60)
@given(words=words_of, name=texts)
def test_the_other_files_hold_no_more_than_they_should(words: list[str], name: str) -> None:
    files, plain = files_of(words, name), files_of(PLAIN)
    root = next(path for path in files if path.endswith("/_base.py")).removesuffix("/_base.py")
    assert re.fullmatch(r"src/[a-z][a-z0-9_]*", root)
    same = {path.replace(f"{root}/", "src/acme/"): text for path, text in files.items()}
    assert same.keys() == plain.keys()
    for path, text in same.items():
        if path.endswith(".py") and path != PROMPT and text != plain[path]:
            tree, usual = ast.parse(text), ast.parse(plain[path])
            assert shape_of(tree) == shape_of(usual) or path.endswith("_clients.py")
    project, usual_project = (tomllib.loads(each["pyproject.toml"]) for each in (files, plain))
    assert project["project"].pop("name") == root.removeprefix("src/").replace("_", "-")
    assert usual_project["project"].pop("name") == "acme"
    assert project["project"] == usual_project["project"]
    assert json.loads(files["prompts.lock"])["label"] == words[4]
    for path in ("README.md", "CHANGELOG.md"):
        lines, others = (each[path].splitlines() for each in (files, plain))
        marked = [[line for line in each if line.startswith(MARKUP)] for each in (lines, others)]
        assert len(marked[0]) == len(marked[1])
        assert {line for line in lines if line.startswith("```")} <= {"```", "```sh", "```python"}


def test_every_name_is_fit_for_mypy(tmp_path: Path) -> None:
    text: Json = {"type": "string"}
    members: Json = dict.fromkeys(VARIABLES, text)
    closed: Json = {"type": "object", "properties": members, "additionalProperties": False}
    nested: Json = {**closed, "properties": {"a": closed, "a b": closed, "A B": closed, "Str": closed}}  # type: ignore[dict-item]
    version: Json = {
        "input": {"schema": {**closed, "required": list(VARIABLES[::2])}, "default": {}},  # type: ignore[dict-item]
        "output": {"format": "json", "schema": nested},
    }
    odd: Json = {"labels": {}, "latest": 1, "versions": {"1": version}}
    open_version: Json = {"input": {"schema": {}, "default": {}}, "output": {"format": "json"}}
    plain: Json = {"labels": {}, "latest": 1, "versions": {"1": open_version}}
    prompts = {**dict.fromkeys(SLUGS, plain), "greet": odd, "call": odd}
    write(generate_sdk("python", document(prompts), SdkOptions(name="acme")), tmp_path)
    assert mypy(tmp_path, "src/acme") == {}
    with importable(tmp_path / "src"):
        from importlib import import_module

        package = import_module("acme")
        client = package.Acme(base_url="http://127.0.0.1:9")
        data = json.loads((tmp_path / "tests/prompts.json").read_text())
        for prompt in data["prompts"]:
            assert getattr(client, prompt["attribute"])._PIN.prompt == prompt["name"]
        assert len({prompt["attribute"] for prompt in data["prompts"]}) == len(prompts)
        client.close()


@pytest.mark.parametrize("name", ["../../etc", "Upper", "a.b", "", "a\n"])
def test_a_prompts_name_is_a_name_or_refused(name: str) -> None:
    with pytest.raises(UnfitNameError):
        generate_sdk("python", document({name: prompt_of(PLAIN)}), SdkOptions(name="acme", label="five"))


@settings(deadline=None, max_examples=30)
@given(words=words_of, name=texts | st.just("../../" * 20))
def test_nothing_is_written_outside_the_folder(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], name: str
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    write(files_of(words, name), folder / "out")
    assert [path.name for path in folder.iterdir()] == ["out"]


def test_a_bundle_of_nothing_but_such_texts_makes_a_package_that_runs(tmp_path: Path) -> None:
    words = [piece for piece in PIECES if piece.strip()][:40]
    write(files_of([*words[:4], "five", *words[4:]]), tmp_path)
    with importable(tmp_path / "src"):
        source = (tmp_path / PROMPT).read_text("utf-8")
        compile(source, PROMPT, "exec")
        assert source.count("\0") == 0


@pytest.mark.parametrize("value", ["text", 1.5, True, None, Escaped("a") + "b", f"{Escaped('a')}"])
def test_a_template_prints_nothing_that_was_not_escaped(
    value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jinja2 import DictLoader

    from promptstudio_generators.sdks import render as module

    monkeypatch.setattr(module._ENVIRONMENT, "loader", DictLoader({"t": "<{{ value }}>", "u": "{{ a ~ a }}"}))
    module._template.cache_clear()
    try:
        with pytest.raises(UnescapedTextError):
            render("t", value=value)
        with pytest.raises(UnescapedTextError):
            render("u", a=Escaped("a"))
        assert render("t", value=Escaped("a")) == "<a>"
        assert render("t", value=7) == "<7>"
    finally:
        module._template.cache_clear()


@pytest.mark.parametrize("variable", ["json", "json item", "Json Item", "json value"])
def test_what_is_sent_and_what_is_answered_are_never_of_one_name(variable: str, tmp_path: Path) -> None:
    def record(**members: Json) -> dict[str, Json]:
        return {"type": "object", "properties": members, "additionalProperties": False}

    row: Json = {"type": "array", "items": record(n={"type": "integer"})}
    sent: Json = {"type": "object", "properties": {variable: record(sent={"type": "string"})}}
    answered = record(item=record(value=row), value=record(n={"type": "integer"}))
    version: Json = {
        "input": {"schema": sent, "default": {}},
        "output": {"format": "json", "schema": answered},
    }
    prompt: Json = {"labels": {}, "latest": 1, "versions": {"1": version}}
    files = generate_sdk("python", document({"greet": prompt}), SdkOptions(name="acme"))
    names = list(classes_of(ast.parse(files[PROMPT])))
    assert len(set(names)) == len(names)
    write(files, tmp_path)
    assert mypy(tmp_path, "src/acme") == {}
