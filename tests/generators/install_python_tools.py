"""Install what the generated Python projects require into .cache/python-targets, where it is missing.

python -m tests.generators.install_python_tools
"""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.generators.lock_requirements import REQUIREMENTS, ROOT, TEMPLATES

_FOLDER: Final = ROOT / ".cache" / "python-targets"


def python(target: str) -> Path:
    """The interpreter that has what a target's project requires, and nothing else, once it is installed."""
    digest = sha256(_requirements(target).read_bytes()).hexdigest()[:12]
    return _FOLDER / f"{target}-{digest}" / "bin" / "python"


def is_installed(target: str) -> bool:
    return (python(target).parent / ".ready").exists()


def install(target: str) -> None:
    if is_installed(target):
        return
    interpreter = python(target)
    uv = str(ROOT / ".venv" / "bin" / "uv")
    venv = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(interpreter.parents[1])]
    subprocess.run(venv, check=True)
    pip = [uv, "pip", "install", "--quiet", "--python", str(interpreter), "--require-hashes"]
    subprocess.run([*pip, "--requirement", str(_requirements(target))], check=True)
    (interpreter.parent / ".ready").touch()


def _requirements(target: str) -> Path:
    return TEMPLATES / target / "requirements.txt"


if __name__ == "__main__":
    for name in REQUIREMENTS:
        install(name)
