"""What `make prove-rest` leaves out: only what `make test` has done in full."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import conftest

RUN = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]


@pytest.mark.parametrize(
    ("status", "noted"),
    [
        (pytest.ExitCode.OK, "a::test\n"),
        (pytest.ExitCode.TESTS_FAILED, "a::test\n"),
        (pytest.ExitCode.INTERRUPTED, "before"),
        (pytest.ExitCode.NO_TESTS_COLLECTED, "before"),
    ],
)
def test_a_run_that_came_to_no_end_leaves_what_was_noted_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: pytest.ExitCode, noted: str
) -> None:
    file = tmp_path / "skipped.txt"
    file.write_text("before", encoding="utf-8")
    monkeypatch.setattr(conftest, "SKIPPED", file)
    run = conftest._Skipped()
    for reason in ("Skipped: needs node", "Skipped: no Windows"):
        where = ("conftest.py", 1, reason)
        name = "a::test" if "needs" in reason else "b::test"
        run.pytest_runtest_logreport(
            pytest.TestReport(name, ("a.py", 1, "test"), {}, "skipped", where, "setup")
        )
    run.pytest_sessionfinish(exitstatus=status)
    assert file.read_text(encoding="utf-8") == noted


def test_what_proves_more_with_every_tool_is_done_again() -> None:
    files = ["tests/contract/test_claims_model.py", "tests/conformance/test_conformance.py"]
    done = subprocess.run(
        [*RUN, "--collect-only", "--skipped", *files, "tests/unit/test_errors.py"],
        cwd=conftest.ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "::test_claims_are_what_the_model_says[sqlite" in done.stdout
    assert "vercel-openai-text]" in done.stdout
    assert "test_errors" not in done.stdout
