"""Install what the generated Python projects require into .cache/python-targets, where it is missing, and the
tools that judge them.

python -m tests.generators.install_python_tools
"""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.generators.lock_requirements import REQUIREMENTS, ROOT, requirements_file

SAM: Final = ROOT / ".cache" / "sam-tools" / "bin" / "sam"
CHECKOV: Final = SAM.with_name("checkov")
IN_LAMBDA: Final = ("aws-xray-sdk==2.15.0", "boto3==1.44.8")
"""What a Lambda project finds outside its archive: in the layer for traces, and in Lambda's runtime."""

_FOLDER: Final = ROOT / ".cache" / "python-targets"
_SAM_TOOLS: Final = ("aws-sam-cli==1.170.0", "checkov==3.2.10")
_UV: Final = str(ROOT / ".venv" / "bin" / "uv")


def python(target: str) -> Path:
    """The interpreter that has what a target's project requires, and nothing else, once it is installed."""
    digest = sha256(requirements_file(target).read_bytes()).hexdigest()[:12]
    return _FOLDER / f"{target}-{digest}" / "bin" / "python"


def is_installed(target: str) -> bool:
    return (python(target).parent / ".ready").exists()


def install(target: str) -> None:
    if is_installed(target):
        return
    interpreter = python(target)
    _make_venv(interpreter.parents[1])
    pip = [_UV, "pip", "install", "--quiet", "--python", str(interpreter), "--require-hashes"]
    subprocess.run([*pip, "--requirement", str(requirements_file(target))], check=True)
    (interpreter.parent / ".ready").touch()


def lambda_packages() -> Path:
    """The folder with IN_LAMBDA, for the interpreter that a Lambda project has here."""
    digest = sha256(repr(IN_LAMBDA).encode()).hexdigest()[:12]
    return _FOLDER / f"lambda-packages-{digest}"


def has_lambda_packages() -> bool:
    return (lambda_packages() / ".ready").exists()


def install_lambda_packages() -> None:
    if has_lambda_packages():
        return
    folder = lambda_packages()
    pip = [_UV, "pip", "install", "--quiet", "--python", str(python("aws-sam")), "--target", str(folder)]
    subprocess.run([*pip, *IN_LAMBDA], check=True)
    (folder / ".ready").touch()


def install_sam() -> None:
    if SAM.exists():
        return
    _make_venv(SAM.parents[1])
    pip = [_UV, "pip", "install", "--quiet", "--python", str(SAM.with_name("python"))]
    subprocess.run([*pip, *_SAM_TOOLS], check=True)


def _make_venv(folder: Path) -> None:
    venv = [_UV, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)]
    subprocess.run(venv, check=True)


def python_313() -> Path | None:
    """The interpreter that Lambda has, for `sam build`, where there is one. A shim of pyenv's is none."""
    found = [Path(folder) / "python3.13" for folder in os.environ.get("PATH", "").split(os.pathsep)]
    found += sorted((Path.home() / ".pyenv" / "versions").glob("3.13.*/bin/python3.13"))
    return next((path for path in found if path.is_file() and path.parent.name != "shims"), None)


if __name__ == "__main__":
    for name in REQUIREMENTS:
        install(name)
    install_lambda_packages()
    install_sam()
