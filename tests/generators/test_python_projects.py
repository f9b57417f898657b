"""What the Python targets have in common: whose modules they ship, and that no text becomes code."""

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import promptstudio
from promptstudio.values import Json
from promptstudio_generators.names import UnfitNameError
from promptstudio_generators.python_runtime import python_runtime
from promptstudio_generators.targets import generate
from promptstudio_generators.write import write
from tests.generators.hostile import described, texts
from tests.generators.lock_requirements import REQUIREMENTS, ROOT
from tests.generators.projects import OPTIONS, PYTHON_RUNTIME, bundle

SHARED = Path(promptstudio.__file__).parent
TARGETS: Final = {
    "aws-sam": ("aws-sam", OPTIONS),
    "gcf": ("gcf", OPTIONS),
    "gcf-upstash": ("gcf", replace(OPTIONS, store="upstash")),
}
ENGINES: Final = {"aws-sam": "dynamodb", "gcf-upstash": "upstash"}
FOUND_THERE: Final = {"aws-sam": {"botocore"}}
"""What a target's functions find in their cloud: Lambda's runtime has the SDK."""

every_target = pytest.mark.parametrize("target", TARGETS)


def files_of(target: str, document: Mapping[str, Json], **options: Any) -> dict[str, str]:
    """A project of one of the TARGETS."""
    name, usual = TARGETS[target]
    return generate(name, document, replace(usual, **options))


def renamed(document: dict[str, Json], model: str, url: str) -> dict[str, Json]:
    """The bundle with other models and URLs."""
    for provider in cast("dict[str, dict[str, Json]]", document["providers"]).values():
        provider["base_url"] = url
    for prompt in cast("dict[str, dict[str, dict[str, dict[str, Json]]]]", document["prompts"]).values():
        for version in prompt["versions"].values():
            version["model"] = model
    return document


def code(target: str) -> dict[str, str]:
    """The files of the folder that is deployed."""
    files = files_of(target, bundle())
    source = "src/" if "src/main.py" in files else ""
    return {path.removeprefix(source): text for path, text in files.items() if path.startswith(source)}


@every_target
def test_the_modules_are_ours_to_the_last_byte(target: str) -> None:
    files = code(target)
    shipped = {path: text for path, text in files.items() if path.startswith(PYTHON_RUNTIME)}
    assert len(shipped) > 40
    for path, text in shipped.items():
        assert text == (SHARED / path.removeprefix(PYTHON_RUNTIME)).read_text("utf-8")


@every_target
def test_only_what_is_imported_is_shipped(target: str) -> None:
    files = code(target)
    assert {
        "promptstudio/endpoint/app.py",
        "promptstudio/protocol.json",
        "promptstudio/platform.json",
    } <= set(files)
    unwanted = ["yaml", "access/", "workspaces/", "compile", "outbound", "sealing", "models.json"]
    unwanted += {"sqlite", "dynamodb", "upstash"} - {ENGINES.get(target, "")}
    assert not [
        path for path in files if path.startswith(PYTHON_RUNTIME) and any(u in path for u in unwanted)
    ]


@every_target
def test_the_modules_import_each_other_and_what_is_pinned_alone(target: str, tmp_path: Path) -> None:
    files = code(target)
    write({path: text for path, text in files.items() if path.startswith(PYTHON_RUNTIME)}, tmp_path)
    modules = [
        path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in files
        if path.startswith(PYTHON_RUNTIME) and path.endswith(".py")
    ]
    script = f"import sys; sys.path[:0] = [{str(tmp_path)!r}]\n" + "".join(
        f"import {module}; assert {module}.__file__.startswith({str(tmp_path)!r})\n" for module in modules
    )
    script += "print(*sorted({name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pinned = {line.partition("==")[0].replace("-", "_") for line in pins(files["requirements.txt"])}
    modules_of = {"attrs": "attr", "typing_extensions": "typing_extensions"}
    names = {modules_of.get(name, name) for name in pinned} | {"promptstudio", "cython_runtime", "__main__"}
    names |= FOUND_THERE.get(target, set())
    assert not [name for name in done.stdout.split() if name not in names and not name.startswith("_")]


def test_an_import_for_type_checkers_ships_nothing() -> None:
    assert "outbound.py" not in python_runtime("promptstudio.providers.transport")


def pins(requirements: str) -> list[str]:
    """The lines of a requirements.txt that name packages."""
    return [line for line in requirements.splitlines() if line[:1].isalnum()]


@every_target
def test_every_package_is_pinned_as_in_our_lock_with_hashes(target: str) -> None:
    requirements = code(target)["requirements.txt"]
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
    ours = {package["name"]: package["version"] for package in lock}
    for line in pins(requirements):
        name, _, version = line.split(" ")[0].partition("==")
        assert ours.get(name, version) == version
    asked = {name.partition("==")[0] for name in REQUIREMENTS[target]}
    assert asked <= {line.partition("==")[0] for line in pins(requirements)}
    assert all(line.endswith("\\") for line in pins(requirements))


@every_target
@settings(deadline=None, max_examples=60)
@given(description=texts, model=texts, url=texts)
def test_a_bundles_texts_reach_the_embedded_bundle_alone(
    target: str, description: str, model: str, url: str
) -> None:
    hostile = renamed(cast("dict[str, Json]", described(bundle(), description)), model, url)
    before, after = files_of(target, bundle()), files_of(target, hostile)
    (embedded,) = [path for path in after if path.endswith("bundle.json")]
    assert {path for path in after if after[path] != before.get(path)} <= {embedded}
    assert json.loads(after[embedded]) == hostile
    assert after[embedded].isascii()


@every_target
@settings(deadline=None, max_examples=40)
@given(name=texts, origins=st.lists(texts, max_size=3), limit=st.integers(1, 2**40))
def test_whatever_a_project_is_called_its_files_parse(
    target: str, name: str, origins: list[str], limit: int
) -> None:
    files = files_of(target, bundle(), name=name, cors_origins=tuple(origins), body_limit=limit)
    plain = files_of(target, bundle())
    assert files.keys() == plain.keys()
    for path, text in files.items():
        if path.endswith(".py"):
            assert shape(text) == shape(plain[path])
        elif path.endswith(".json"):
            json.loads(text)
        elif path.endswith((".yaml", ".yml")) and path != "template.yaml":
            yaml.safe_load(text)


def shape(code: str) -> str:
    """What code does, whatever the project in it is called."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "namespace" and isinstance(node.value, ast.Constant):
            node.value = ast.Constant("")
    return ast.dump(tree)


@every_target
@settings(deadline=None)
@given(secret=texts)
def test_a_secrets_name_is_a_name_or_refused(target: str, secret: str) -> None:
    document = bundle()
    cast("dict[str, dict[str, Json]]", document["providers"])["openai"]["api_key_env"] = secret
    try:
        files = files_of(target, document)
    except UnfitNameError:
        return
    assert secret.isidentifier()
    assert secret.isascii()
    assert f"{secret}` | the key for a model provider |" in files["README.md"]


@every_target
def test_a_prompts_name_is_a_name_or_refused(target: str) -> None:
    document = bundle()
    prompts = cast("dict[str, Json]", document["prompts"])
    prompts["../../etc"] = prompts["speak"]
    with pytest.raises(UnfitNameError):
        files_of(target, document)


@every_target
def test_a_bundle_without_prompts_gives_a_project_too(target: str) -> None:
    files = files_of(target, {**bundle(), "prompts": {}})
    assert "/v1/prompts/NAME/run" in files["README.md"]
