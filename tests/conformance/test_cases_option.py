"""`pytest tests/conformance --cases DIR` plays a folder from elsewhere, and shows its table."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.conftest import CASES

ROOT = Path(__file__).parents[2]


def pytest_with(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"]
    tests = "tests/conformance/test_conformance.py"
    return subprocess.run(
        [*command, tests, "-k", "python or workerd", "--cases", str(folder), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.needs("node")
def test_a_foreign_folder_is_played_in_place_of_ours(tmp_path: Path) -> None:
    shutil.copy(CASES / "health.json", tmp_path / "passes.json")
    wrong = json.loads((CASES / "health.json").read_bytes())
    wrong["expect"]["json"]["status"] = "ill"
    (tmp_path / "fails.json").write_text(json.dumps(wrong), encoding="utf-8")
    (tmp_path / "is-no-case.json").write_text("{}", encoding="utf-8")
    shown = tmp_path / "table.md"
    done = pytest_with(tmp_path, "-n", "2", "--conformance-table", str(shown))
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "3 failed, 1 passed" in done.stdout
    assert "python: body" in done.stdout
    assert "workerd: body" in done.stdout
    assert "is-no-case.json: /expect: is required" in done.stdout
    assert re.search(r"^all +3 +1 ✗2 +1 ✗2 +·3", done.stdout, re.MULTILINE)
    assert "| all | 3 | 1 ✗2 | 1 ✗2 | ·3 | ·3 | ·3 | ·3 |\n" in shown.read_text("utf-8")


def test_a_folder_without_cases_is_an_error(tmp_path: Path) -> None:
    done = pytest_with(tmp_path)
    assert done.returncode == pytest.ExitCode.INTERRUPTED
    assert f"There are no cases in {tmp_path}." in done.stdout
