"""Install AWS's Lambda Web Adapter into .cache/web-adapter, where it is missing; it takes minutes.

python -m tests.conformance.runtimes.install_web_adapter
"""

import shutil
import subprocess
from pathlib import Path
from typing import Final

_VERSION: Final = "1.0.0-rc1"
_FOLDER: Final = Path(__file__).parents[3] / ".cache" / "web-adapter" / _VERSION


def binary() -> Path:
    """Where it stands once it is installed."""
    return _FOLDER / "bin" / "lambda-adapter"


def install() -> None:
    if binary().exists():
        return
    if shutil.which("cargo") is None:
        raise SystemExit("The Lambda Web Adapter is built by cargo, which is not here: install Rust first")
    command = ["cargo", "install", "lambda_web_adapter", "--version", _VERSION, "--locked", "--quiet"]
    subprocess.run([*command, "--root", str(_FOLDER)], check=True)


if __name__ == "__main__":
    install()
