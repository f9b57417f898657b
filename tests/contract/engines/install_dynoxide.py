"""Install dynoxide into .cache/dynoxide, where it is missing. Takes two minutes and needs cargo.

python tests/contract/engines/install_dynoxide.py
"""

import shutil
import subprocess
from pathlib import Path
from typing import Final

_VERSION: Final = "3.2.0"
_FOLDER: Final = Path(__file__).parents[3] / ".cache" / "dynoxide" / _VERSION
_FEATURES: Final = "native-sqlite,http-server,cli"


def binary() -> Path:
    """Where it stands once it is installed."""
    return _FOLDER / "bin" / "dynoxide"


def install() -> None:
    if binary().exists():
        return
    if shutil.which("cargo") is None:
        raise SystemExit("dynoxide is built by cargo, which is not here: install Rust first")
    command = ["cargo", "install", "dynoxide-rs", "--version", _VERSION, "--locked", "--quiet"]
    command += ["--no-default-features", "--features", _FEATURES, "--root", str(_FOLDER)]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    install()
