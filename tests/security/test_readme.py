"""README.md tells the truth: each test that it names exists, and names the flaw that it stands beside."""

import ast
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
NAMED = re.compile(
    r"CVE-\d{4}-\d+|GHSA(?:-\w{4}){3}|PYSEC-\d{4}-\d+|#\d+|\b\d{7}\b|\w+-?\w+ (?:incident|finding)|\(c\) \d+"
)
TEST = re.compile(r"`([\w./]+\.py)::(\w+)`")


def rows() -> list[tuple[str, list[tuple[str, str]]]]:
    """The flaws, and the tests of each as file and name."""
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    cells = [line.strip("|").split("|") for line in lines if line.startswith("|")]
    return [(flaw, TEST.findall(tests)) for flaw, _, tests in cells if tests not in ("Tests", "---")]


def docstring(file: str, name: str) -> str:
    """What a test says of itself; fails where there is no such test."""
    tree = ast.parse((FOLDER / file).read_text(encoding="utf-8"))
    (found,) = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    ]
    return ast.get_docstring(found) or ""


def test_the_table_is_read() -> None:
    assert len(rows()) == 38
    assert all(NAMED.findall(flaw) and tests for flaw, tests in rows())


@pytest.mark.parametrize(("flaw", "tests"), rows(), ids=[flaw for flaw, _ in rows()])
def test_each_test_exists_and_each_flaw_is_named(flaw: str, tests: list[tuple[str, str]]) -> None:
    said = [docstring(*test) for test in tests]
    names = NAMED.findall(flaw)
    for name in names:
        assert any(name in each for each in said), f"no test of {flaw} names {name}"
    for each, test in zip(said, tests, strict=True):
        assert any(name in each for name in names), f"{test} names none of {flaw}"
