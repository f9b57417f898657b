"""What every test shares: which tools the machine has, and what happens where one is missing."""

import os
import shutil
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SKIPPED = ROOT / ".cache" / "skipped-tests.txt"
NODE_MODULES = ROOT / "tests" / "node" / "node_modules"
NODE_PROVE_MODULES = ROOT / "tests" / "node-prove" / "node_modules"
VERCEL = NODE_PROVE_MODULES / ".bin" / "vercel"
PYRIGHT = NODE_PROVE_MODULES / "pyright" / "index.js"
SHELLCHECK = Path(sys.executable).with_name("shellcheck")

# `make prove` sets this: there, a missing tool is a failure and not a skip.
PROVE = os.environ.get("PROMPTSTUDIO_PROVE") == "1"


def _has_dynoxide() -> bool:
    from tests.contract.engines.install_dynoxide import binary

    return binary().exists()


def _has_python_tools(target: str) -> bool:
    from tests.generators.install_python_tools import is_installed

    return is_installed(target)


def _has_web_adapter() -> bool:
    from tests.conformance.runtimes.install_web_adapter import binary
    from tests.generators.install_python_tools import has_lambda_packages

    return binary().exists() and _has_python_tools("aws-sam") and has_lambda_packages()


def _has_sam() -> bool:
    from tests.generators.install_python_tools import SAM

    return SAM.exists()


def _has_python_313() -> bool:
    from tests.generators.install_python_tools import python_313

    return python_313() is not None


def _has_other_pythons() -> bool:
    from tests.generators.sdk.python.interpreters import are_installed

    return are_installed()


TOOLS: dict[str, Callable[[], bool]] = {
    "node": lambda: shutil.which("node") is not None and NODE_MODULES.is_dir(),
    "vercel": lambda: PROVE and VERCEL.exists(),
    "functions-framework": lambda: PROVE and all(map(_has_python_tools, ("gcf", "gcf-upstash"))),
    "lambda-web-adapter": lambda: PROVE and _has_web_adapter(),
    "sam": lambda: PROVE and _has_sam(),
    "python3.13": _has_python_313,
    "npm's judges": lambda: PROVE and (NODE_PROVE_MODULES / "publint").is_dir(),
    "other pythons": lambda: PROVE and _has_other_pythons(),
    "pyright": lambda: PROVE and PYRIGHT.exists(),
    "shellcheck": lambda: PROVE and SHELLCHECK.exists(),
    "redis-server": lambda: shutil.which("redis-server") is not None,
    "dynoxide": _has_dynoxide,
    "make prove": lambda: PROVE,
    "npm registry": lambda: PROVE and shutil.which("npm") is not None,
    "chromium": lambda: (
        PROVE and shutil.which("chromium") is not None and find_spec("playwright") is not None
    ),
    "schemathesis": lambda: PROVE and find_spec("schemathesis") is not None,
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for tool in mark.args:
            if TOOLS[tool]():
                continue
            if PROVE:
                pytest.fail(f"make prove needs {tool}", pytrace=False)
            pytest.skip(f"needs {tool}")


class _Skipped:
    """Notes which tests lacked a tool, so that `--skipped` runs those and not all again."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple) and "needs " in report.longrepr[2]:
            self._names.append(report.nodeid)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return  # it came to no end, and knows but a part
        SKIPPED.parent.mkdir(exist_ok=True)
        SKIPPED.write_text("".join(f"{name}\n" for name in self._names), encoding="utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--note-skipped", action="store_true", help="note the tests that lacked a tool, for --skipped"
    )
    parser.addoption(
        "--skipped",
        action="store_true",
        help="only the tests that the run with --note-skipped had no tool for, and those that prove more",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--note-skipped", default=False) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Skipped())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--skipped", default=False):
        return
    known = set(SKIPPED.read_text(encoding="utf-8").splitlines()) if SKIPPED.exists() else None
    chosen = [item for item in items if _is_left(item, known)]
    kept = set(chosen)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = chosen


def _is_left(item: pytest.Item, known: set[str] | None) -> bool:
    if item.get_closest_marker("proves_more"):
        return True
    return item.get_closest_marker("needs") is not None and (not known or item.nodeid in known)


# Tests share helpers as `tests.…`, which importlib mode alone does not make importable.
sys.path.insert(0, str(ROOT))
