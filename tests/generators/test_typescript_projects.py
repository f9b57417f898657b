"""What the TypeScript targets have in common: the runtime that they ship, and that no text becomes code."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio.endpoint.openapi import openapi
from promptstudio.values import Json
from promptstudio_generators import targets
from promptstudio_generators.names import UnfitNameError, worker_name
from promptstudio_generators.targets import generate
from promptstudio_generators.write import write
from tests.conftest import NODE_MODULES, ROOT
from tests.generators.hostile import PIECES, infested, texts
from tests.generators.projects import OPTIONS, RUNTIME, bundle

SOURCES: Final = ROOT / "generators/promptstudio_generators/runtime/typescript/src"
DRIVER: Final = Path(__file__).with_name("typescript_driver.mjs")
TARGETS: Final = {
    "cloudflare": ("cloudflare", OPTIONS),
    "vercel": ("vercel", OPTIONS),
    "vercel-node": ("vercel", replace(OPTIONS, runtime="node")),
    "vercel-upstash": ("vercel", replace(OPTIONS, store="upstash")),
    "vercel-node-upstash": ("vercel", replace(OPTIONS, runtime="node", store="upstash")),
}
DOCUMENTS: Final = {"src/bundle.json", "src/openapi.json"}

Look = Callable[[Mapping[str, str]], dict[str, Any]]


every_target = pytest.mark.parametrize("target", TARGETS)


def files_of(target: str, document: Mapping[str, Json], **options: Any) -> dict[str, str]:
    """A project of one of the TARGETS."""
    name, usual = TARGETS[target]
    return generate(name, document, replace(usual, **options))


@pytest.fixture(scope="module")
def look() -> Iterator[Look]:
    """What a TypeScript parser, a JSON parser and a bundler make of a project's files."""
    command = ["node", str(DRIVER), str(NODE_MODULES.parent / "package.json")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def ask(files: Mapping[str, str]) -> dict[str, Any]:
            stdin.write(json.dumps(files) + "\n")
            stdin.flush()
            answer: dict[str, Any] = json.loads(stdout.readline())
            assert "error" not in answer, answer
            return answer

        yield ask
        stdin.close()


def code_without_strings(seen: dict[str, Any]) -> dict[str, list[int]]:
    """The shape of each file of code."""
    return {path: code["kinds"] for path, code in seen["code"].items()}


@every_target
def test_the_runtime_ships_verbatim_with_the_protocol_table(target: str) -> None:
    files = files_of(target, bundle())
    shipped = {path.removeprefix(RUNTIME): files[path] for path in files if path.startswith(RUNTIME)}
    protocol = (ROOT / "shared/promptstudio/protocol.json").read_text("utf-8")
    name, options = TARGETS[target]
    store = options.store or targets.TARGETS[name].stores[0]
    sources = {
        path.relative_to(SOURCES).as_posix(): path.read_text("utf-8") for path in SOURCES.rglob("*.ts")
    }
    foreign = {path for path in sources if path.startswith("state-") and store not in path}
    expected = {path: text for path, text in sources.items() if path not in foreign}
    assert shipped == {**expected, "protocol.json": protocol}


@pytest.mark.needs("node")
@every_target
@settings(deadline=None, max_examples=20)
@given(words=st.lists(texts, min_size=1, max_size=12))
def test_a_bundles_texts_reach_the_embedded_documents_alone(
    target: str, look: Look, words: list[str]
) -> None:
    hostile = infested(bundle(), words)
    before, after = files_of(target, bundle()), files_of(target, hostile)
    changed = {path for path in after if after[path] != before[path]}
    assert all(path in DOCUMENTS or path.startswith("test/requests/") for path in changed)
    assert all(after[path].isascii() for path in changed)
    seen = look(after)
    assert seen["embedded"] == {"bundle": hostile, "openapi": openapi(hostile)}
    assert code_without_strings(seen) == code_without_strings(look(before))


@pytest.mark.needs("node")
@every_target
@settings(deadline=None, max_examples=20)
@given(name=texts, origins=st.lists(texts, max_size=3), limit=st.integers(1, 2**40))
def test_whatever_a_project_is_called_its_files_parse(
    target: str, look: Look, name: str, origins: list[str], limit: int
) -> None:
    files = files_of(target, bundle(), name=name, cors_origins=tuple(origins), body_limit=limit)
    plain = files_of(target, bundle())
    assert files.keys() == plain.keys()
    seen, usual = look(files), look(plain)
    assert not [code for code in seen["code"].values() if code["problems"]]
    assert code_without_strings(seen) == code_without_strings(usual)
    written = [*strings(seen["code"]), *strings(seen["data"])]
    assert {",".join(origins), str(limit)} <= set(written)
    known = {*strings(usual["code"]), *strings(usual["data"]), ",".join(origins), str(limit)}
    assert {text for text in written if text not in known} <= {worker_name(name)}
    for path, text in files.items():
        if path.endswith(".yml"):
            assert yaml.safe_load(text) == yaml.safe_load(plain[path])


def strings(value: Json) -> Iterator[str]:
    """Every string in a tree."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


@pytest.mark.needs("node")
@every_target
@settings(deadline=None, max_examples=30)
@given(secret=texts | st.sampled_from(["class", "default", "await", "constructor", "A" * 128]))
def test_a_secrets_name_is_a_name_or_refused(target: str, look: Look, secret: str) -> None:
    document = bundle()
    cast("dict[str, dict[str, Json]]", document["providers"])["openai"]["api_key_env"] = secret
    try:
        files = files_of(target, document)
    except UnfitNameError:
        return
    assert secret.isidentifier()
    assert secret.isascii()
    assert secret in look(files)["code"]["src/index.ts"]["strings"]
    assert files["README.md"].count(f"`{secret}`") == 1


@every_target
@pytest.mark.parametrize("name", ["../../etc", "$(reboot)", "a b", "A", "con.txt", "x" * 64])
def test_a_prompts_name_is_a_name_or_refused(target: str, name: str) -> None:
    document = bundle()
    prompts = cast("dict[str, Json]", document["prompts"])
    prompts[name] = prompts["speak"]
    with pytest.raises(UnfitNameError):
        files_of(target, document)


@every_target
def test_nothing_is_written_outside_the_folder(target: str, tmp_path: Path) -> None:
    files = files_of(target, infested(bundle(), PIECES), name="../../" * 100)
    write(files, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    written = {
        path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.rglob("*") if path.is_file()
    }
    assert written == set(files)


@every_target
def test_a_bundle_without_prompts_gives_a_project_too(target: str) -> None:
    files = files_of(target, {**bundle(), "prompts": {}})
    assert "/v1/prompts/NAME/run" in files["README.md"]
    assert not any(path.startswith("test/requests/") for path in files)
