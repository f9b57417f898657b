"""The interpreters at hand that generated packages run on, each with the HTTP libraries and nothing else.

python -m tests.generators.sdk.python.interpreters installs them into .cache/python-sdk.
"""

import os
import subprocess
from itertools import chain
from pathlib import Path
from typing import Final

from promptstudio_generators.sdks.python_files import REQUIREMENTS
from tests.conftest import ROOT

VERSIONS: Final = ("3.10", "3.12", "3.13", "3.14")
"""Those that packages promise, but for the one that runs the tests."""

_FOLDER: Final = ROOT / ".cache" / "python-sdk"
_UV: Final = str(ROOT / ".venv" / "bin" / "uv")


def python(version: str) -> Path:
    """The interpreter, once it is installed."""
    return _FOLDER / version / "bin" / "python"


def found() -> list[str]:
    """The versions that this machine has; a shim of pyenv's is none."""
    return [version for version in VERSIONS if _interpreter(version) is not None]


def are_installed() -> bool:
    return all((python(version).parent / ".ready").exists() for version in found())


def _interpreter(version: str) -> Path | None:
    name = f"python{version}"
    places = [Path(folder) / name for folder in os.environ.get("PATH", "").split(os.pathsep)]
    places += sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/{name}"))
    return next((path for path in places if path.is_file() and path.parent.name != "shims"), None)


def install(version: str) -> None:
    ready = python(version).parent / ".ready"
    if ready.exists():
        return
    venv = [_UV, "venv", "--quiet", "--clear", "--python", str(_interpreter(version))]
    subprocess.run([*venv, str(ready.parents[1])], check=True)
    pip = [_UV, "pip", "install", "--quiet", "--python", str(python(version))]
    subprocess.run([*pip, *chain(*REQUIREMENTS.values())], check=True)
    ready.touch()


if __name__ == "__main__":
    for each in found():
        install(each)
