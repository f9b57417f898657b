"""A generated Python package satisfies its users' type checkers and interpreters, and itself."""

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import textwrap
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.project import load_project
from promptstudio.values import Json
from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import Mode, SdkOptions, SdkOptionsError, Transport
from promptstudio_generators.write import write
from tests.conftest import ROOT
from tests.generators.projects import bundle
from tests.generators.sdk.bundles import GREET, SORT, bundle_of
from tests.generators.sdk.python.checkers import mypy, pyright
from tests.generators.sdk.python.interpreters import found, python
from tests.generators.sdk.python.test_derived import COMBINATIONS

TIMEOUT_S: Final = 120
EVERY_COMBINATION: Final = pytest.mark.parametrize(("transport", "mode"), COMBINATIONS)


def examples() -> dict[str, Json]:
    """The bundle of examples/prompts."""
    project = load_project(ROOT / "examples")
    compiled = compile_bundle(project.sources, project.settings)
    assert compiled.bundle is not None
    return compiled.bundle


def options(transport: Transport = "httpx2", mode: Mode = "both", label: str | None = None) -> SdkOptions:
    return SdkOptions(
        name="Acme Prompts", package_version="1.2.0", transport=transport, mode=mode, label=label
    )


def run(folder: Path, *command: str | Path, environ: Mapping[str, str] | None = None) -> str:
    """The output of a command that succeeds."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ or {"PATH": ""},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@EVERY_COMBINATION
def test_its_own_tests_pass_without_a_warning(transport: Transport, mode: Mode, tmp_path: Path) -> None:
    write(generate_sdk("python", examples(), options(transport, mode)), tmp_path)
    said = run(tmp_path, sys.executable, "-W", "error", "-m", "unittest", "discover", "-s", "tests")
    assert re.search(r"Ran 11 tests.*\n\nOK\n", said)


@pytest.mark.needs("other pythons")
@pytest.mark.parametrize("version", found())
def test_its_own_tests_pass_on_every_interpreter_at_hand(version: str, tmp_path: Path) -> None:
    for transport, mode in COMBINATIONS:
        folder = tmp_path / f"{transport}-{mode}"
        write(generate_sdk("python", examples(), options(transport, mode)), folder)
        said = run(folder, python(version), "-W", "error", "-m", "unittest", "discover", "-s", "tests")
        assert "\n\nOK\n" in said


@EVERY_COMBINATION
def test_mypy_finds_nothing_in_its_strict_mode(transport: Transport, mode: Mode, tmp_path: Path) -> None:
    write(generate_sdk("python", examples(), options(transport, mode)), tmp_path)
    assert mypy(tmp_path, "src/acme_prompts", "tests", search={"MYPYPATH": "src:tests"}) == {}


@pytest.mark.needs("pyright")
@EVERY_COMBINATION
def test_pyright_finds_nothing_in_its_strict_mode(transport: Transport, mode: Mode, tmp_path: Path) -> None:
    write(generate_sdk("python", examples(), options(transport, mode)), tmp_path)
    assert pyright(tmp_path, "src") == {}


@EVERY_COMBINATION
def test_it_is_python_310(transport: Transport, mode: Mode) -> None:
    for path, text in generate_sdk("python", bundle(), options(transport, mode)).items():
        if path.endswith(".py"):
            ast.parse(text, path, feature_version=(3, 10))


@pytest.mark.needs("make prove")
def test_it_is_built_and_installed_as_it_stands(tmp_path: Path) -> None:
    write(generate_sdk("python", examples(), options()), tmp_path)
    uv = [str(ROOT / ".venv/bin/uv"), "build", "--quiet", "--python", sys.executable, "--out-dir", "dist"]
    run(tmp_path, *uv, environ=os.environ)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert wheel.name == "acme_prompts-1.2.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    assert {"acme_prompts/py.typed", "acme_prompts/_sse.py", "acme_prompts/prompts/extract.py"} <= names
    assert not [name for name in names if not name.startswith(("acme_prompts/", "acme_prompts-1.2.0.dist"))]
    script = "import sys; sys.path.insert(0, 'site'); import acme_prompts; print(acme_prompts.__version__)"
    assert run(tmp_path, sys.executable, "-W", "error", "-c", script) == "1.2.0\n"


def test_its_manifest_is_what_registries_ask_for() -> None:
    for transport, mode in COMBINATIONS:
        project = tomllib.loads(generate_sdk("python", bundle(), options(transport, mode))["pyproject.toml"])[
            "project"
        ]
        assert (project["name"], project["version"]) == ("acme-prompts", "1.2.0")
        assert project["requires-python"] == ">=3.10"
        asked = [requirement.partition(">=")[0] for requirement in project["dependencies"]]
        assert asked == [transport, *(["urllib3"] if transport == "requests" else [])]
        assert project["readme"] == "README.md"


def test_the_lock_tells_which_prompts_it_was_made_for() -> None:
    lock = json.loads(generate_sdk("python", bundle(), options())["prompts.lock"])
    assert lock["bundle"] == bundle()["hash"]
    assert [(each["name"], each["version"]) for each in lock["prompts"]] == [
        *(("greet", 2), ("sort", 1), ("speak", 1), ("translate", 1)),
    ]
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each["schema"]) for each in lock["prompts"])
    assert "label" not in lock


def lock_of(prompts: Mapping[str, str]) -> dict[str, str]:
    """The hash of each prompt's schema."""
    lock = json.loads(generate_sdk("python", bundle_of(prompts), options())["prompts.lock"])
    return {each["name"]: each["schema"] for each in lock["prompts"]}


def test_a_schemas_hash_changes_with_what_callers_rely_on_alone() -> None:
    before = lock_of({"greet": GREET, "sort": SORT})
    reworded = lock_of({"greet": GREET.replace("Greet {{name}}", "Say hi to {{name}}"), "sort": SORT})
    assert reworded == before
    changed = lock_of({"greet": GREET.replace("[warm, formal]", "[warm, cold]"), "sort": SORT})
    assert (changed["greet"] == before["greet"], changed["sort"]) == (False, before["sort"])
    answered = lock_of({"greet": GREET, "sort": SORT.replace("urgent?", "urgent")})
    assert answered["sort"] != before["sort"]
    defaulted = lock_of({"greet": GREET.replace("tone: warm", "tone: formal"), "sort": SORT})
    assert defaulted["greet"] != before["greet"]


def test_calls_name_the_version_or_the_label_that_was_asked_for() -> None:
    pinned = generate_sdk("python", bundle(), options())["src/acme_prompts/prompts/greet.py"]
    assert '_PIN = Pin("greet", version=2)' in pinned
    labelled = generate_sdk("python", only_greet(), options(label="production"))
    assert '_PIN = Pin("greet", label="production")' in labelled["src/acme_prompts/prompts/greet.py"]
    assert json.loads(labelled["prompts.lock"])["label"] == "production"


def only_greet() -> dict[str, Json]:
    document = bundle()
    prompts = document["prompts"]
    assert isinstance(prompts, dict)
    return {**document, "prompts": {"greet": prompts["greet"]}}


def test_some_prompts_can_be_chosen() -> None:
    chosen = SdkOptions(name="acme", prompts=("speak", "greet"))
    files = generate_sdk("python", bundle(), chosen)
    modules = sorted(path for path in files if path.startswith("src/acme/prompts/"))
    assert modules == [f"src/acme/prompts/{name}.py" for name in ("__init__", "greet", "speak")]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"prompts": ("greet", "nobody")}, "no prompt 'nobody'. There are: greet, sort, speak, translate"),
        ({"label": "staging"}, "The prompt greet has no label 'staging'"),
        ({"package_version": "1.2"}, "'1.2' is not a version such as 1.2.0"),
        ({"package_version": "01.2.3"}, "not a version"),
        ({"package_version": '1.2.3"\nx = 1'}, "not a version"),
        ({"transport": "requests"}, "requests goes with the mode sync alone"),
        ({"transport": "aiohttp", "mode": "sync"}, "aiohttp goes with the mode async alone"),
    ],
)
def test_options_that_no_package_can_be_made_with_are_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(SdkOptionsError, match=re.escape(said)):
        generate_sdk("python", bundle(), SdkOptions(**{"name": "acme", **wrong}))  # type: ignore[arg-type]


def test_a_bundle_without_prompts_makes_no_package() -> None:
    with pytest.raises(SdkOptionsError, match="no prompt"):
        generate_sdk("python", {**bundle(), "prompts": {}}, options())


def test_the_readme_shows_a_call_of_every_prompt_that_compiles() -> None:
    for transport, mode in COMBINATIONS:
        readme = generate_sdk("python", examples(), options(transport, mode))["README.md"]
        blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
        assert len(blocks) == 7
        for block in blocks:
            ast.parse(f"async def f():\n{textwrap.indent(block, '    ')}")
        for prompt in ("classify", "extract", "summarize", "support_reply", "translate"):
            assert f"client.{prompt}(" in readme
            assert f"client.{prompt}.stream(" in readme


def test_calls_are_documented_from_the_prompt() -> None:
    module = ast.parse(generate_sdk("python", examples(), options())["src/acme_prompts/prompts/summarize.py"])
    classes = {node.name: node for node in module.body if isinstance(node, ast.ClassDef)}
    for name, wait in (("Summarize", ""), ("AsyncSummarize", "await ")):
        (call,) = [
            node
            for node in classes[name].body
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == "__call__"
        ]
        said = ast.get_docstring(call) or ""
        assert said.startswith("Summarises a text for a busy reader, as a paragraph")
        assert "text: the text to summarise\n" in said
        assert 'style: the form of the summary. Left out, it is "plain".\n' in said
        assert "in seconds" in said
        assert "RateLimitError: " in said
        assert f'answer = {wait}client.summarize(text="' in said


def test_the_changelog_tells_what_authors_said_of_versions() -> None:
    document = only_greet()
    prompts = document["prompts"]
    assert isinstance(prompts, dict)
    greet = prompts["greet"]
    assert isinstance(greet, dict)
    versions = greet["versions"]
    assert isinstance(versions, dict)
    assert isinstance(versions["2"], dict)
    versions["10"] = {**versions["2"], "message": "Warmer *now*."}
    changelog = generate_sdk("python", document, options())["CHANGELOG.md"]
    assert "## 1.2.0" in changelog
    assert "### greet\n\n- Version 10: Warmer \\*now\\*.\n- Version 2\n" in changelog


@pytest.mark.parametrize(("seed", "zone"), [("0", "Asia/Kathmandu"), ("77", "America/New_York")])
def test_the_same_bundle_gives_the_same_bytes_anywhere(seed: str, zone: str) -> None:
    script = (
        "import hashlib, json\n"
        "from tests.generators.sdk.python.test_package import every_file\n"
        "print(hashlib.sha256(json.dumps(list(every_file().items())).encode()).hexdigest())"
    )
    environ = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    here = json.dumps(list(every_file().items()))
    assert done.stdout.strip() == hashlib.sha256(here.encode()).hexdigest()


def every_file() -> dict[str, str]:
    """The files of every combination."""
    return {
        f"{transport}-{mode}/{path}": text
        for transport, mode in COMBINATIONS
        for path, text in generate_sdk("python", bundle(), options(transport, mode)).items()
    }
