"""What the type checkers of a package's users say of files."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.conftest import PYRIGHT, ROOT

_TIMEOUT_S: Final = 300
_CACHE: Final = ROOT / ".mypy_cache" / "generated"  # what packages import is the same for all of them
_MYPY_ERROR: Final = re.compile(r"^(\S+?):\d+(?::\d+)?: error: (.*)$", re.MULTILINE)


def mypy(folder: Path, *paths: str, search: Mapping[str, str] | None = None) -> dict[str, str]:
    """The last error of each file, by `mypy --strict` for the oldest Python that packages promise."""
    command = [sys.executable, "-m", "mypy", "--strict", "--python-version", "3.10", "--no-error-summary"]
    options = ["--config-file", "", "--cache-dir", str(_CACHE), "--hide-error-context"]
    environ = {"PATH": "", "MYPYPATH": "src", **(search or {})}
    done = subprocess.run(
        [*command, *options, *paths],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert not done.stderr, done.stderr
    errors = dict(_MYPY_ERROR.findall(done.stdout))
    assert bool(errors) == bool(done.returncode), done.stdout
    return errors


def pyright(folder: Path, *paths: str) -> dict[str, str]:
    """The last error of each file, by pyright in its strict mode, with every warning for an error."""
    settings = {
        "include": list(paths),
        "extraPaths": ["src", "tests"],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.10",
        "venvPath": str(ROOT),
        "venv": ".venv",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = ["node", str(PYRIGHT), "--project", ".", "--outputjson", "--warnings"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] >= len(paths)
    told = report["generalDiagnostics"]
    return {str(Path(each["file"]).relative_to(folder.resolve())): each["message"] for each in told}
