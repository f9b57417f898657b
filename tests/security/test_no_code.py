"""Nothing that a person sends becomes code: what the product could run it with is not there."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.conftest import ROOT

PYTHON = ("shared", "functions", "generators", "cli")
SERVED = ("shared", "functions")
SCRIPTS = (
    "generators/promptstudio_generators/runtime",
    "functions/promptstudio_functions/page",
)

CALLS = {"eval", "exec", "compile", "__import__", "execfile"}
MODULES = {
    *("pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "RestrictedPython"),
    *("code", "codeop", "runpy", "ctypes", "subprocess", "pty", "importlib"),
}
HARMLESS = {"importlib.metadata", "importlib.resources", "importlib.resources.abc"}
SCRIPTED = re.compile(r"\beval\s*\(|\bnew\s+Function\b|\bFunction\s*\(|[\"'](node:)?vm[\"']|\bimport\s*\(")


def sources(folders: tuple[str, ...], *kinds: str) -> list[Path]:
    found = [path for folder in folders for kind in kinds for path in (ROOT / folder).rglob(f"*.{kind}")]
    assert found
    return sorted(path for path in found if "node_modules" not in path.parts)


def calls(tree: ast.AST) -> Iterator[str]:
    """The names of what is called, with the objects that they are called on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", sources(SERVED, "py"), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_python_runs_or_revives_what_it_is_given(path: Path) -> None:
    """CVE-2026-27952, CVE-2026-27961 Agenta; CVE-2026-1470 n8n: a sandbox in the process was escaped."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not CALLS & set(calls(tree))
    for module in set(imported(tree)) - HARMLESS:
        assert module.partition(".")[0] not in MODULES


@pytest.mark.parametrize(
    "path", sources(SCRIPTS, "ts", "js", "mjs"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_script_runs_what_it_is_given(path: Path) -> None:
    """CVE-2026-27952, CVE-2026-27961 Agenta; CVE-2026-1470 n8n: nor at the targets or in the page."""
    text = path.read_text(encoding="utf-8")
    assert not SCRIPTED.search(text), SCRIPTED.search(text)


def test_jinja_sees_the_generators_own_templates_alone() -> None:
    """GHSA-46cm-pfwv-cgf8, #27043 LiteLLM: user text was a template of a plain `Environment`.

    What varies reaches the templates as values. CVE-2025-27516, CVE-2024-56326: no sandbox is relied upon.
    """
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sources(PYTHON, "py")}
    users = {path.name: tree for path, tree in trees.items() if "jinja2" in set(imported(tree))}
    assert set(users) == {"render.py", "template_cache.py", "tree.py"}
    assert not [call for call in calls(users["template_cache.py"]) if "template" in call]

    targets = users["tree.py"]
    assert [call for call in calls(targets) if call.endswith("from_string")] == ["environment.from_string"]
    (loop,) = [
        node for node in ast.walk(targets) if isinstance(node, ast.For) and "from_string" in ast.dump(node)
    ]
    assert ast.unparse(loop.iter) == "_texts(_PACKAGE / 'templates' / target)"

    sdks = users["render.py"]
    assert not [call for call in calls(sdks) if call.endswith(("from_string", "Template"))]
    (environment,) = [
        node
        for node in ast.walk(sdks)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Environment"
    ]
    (loader,) = [keyword.value for keyword in environment.keywords if keyword.arg == "loader"]
    assert ast.unparse(loader) == "PackageLoader('promptstudio_generators')"


def test_jinja_is_none_whose_sandbox_broke() -> None:
    """CVE-2025-27516, CVE-2024-56326 Jinja: before 3.1.6, `attr` and a stored `format` led out of it."""
    assert tuple(map(int, version("jinja2").split(".")[:3])) >= (3, 1, 6)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert any(line.startswith("jinja2>=3.1.6") for line in project["dependencies"])
