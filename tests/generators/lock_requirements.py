"""Pins what the generated Python projects install, with hashes, at the versions of our own uv.lock.

python -m tests.generators.lock_requirements
"""

import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
TEMPLATES: Final = ROOT / "generators" / "promptstudio_generators" / "templates"

REQUIREMENTS: Final = {
    "aws-sam": ("aiohttp", "aws-lambda-powertools", "orjson", "uvicorn"),
    "gcf": ("aiohttp", "functions-framework==3.10.2", "orjson"),
    "gcf-upstash": ("aiohttp", "functions-framework==3.10.2", "orjson", "upstash-redis"),
}
"""What each target's project asks for itself."""

_HEADER: Final = "# Every package with its version and the hashes of its files: pip installs nothing else.\n"


def requirements_file(target: str) -> Path:
    """Where a target's templates have it."""
    (found,) = (TEMPLATES / target).rglob("requirements.txt")
    return found


def locked(target: str) -> str:
    """The requirements.txt of a target; asks the package index about what is not in uv.lock."""
    exported = _uv("export", "--frozen", "--no-hashes", "--all-extras", "--no-dev", "--no-emit-project")
    options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    constraints = ROOT / ".cache" / "constraints.txt"
    constraints.parent.mkdir(exist_ok=True)
    constraints.write_text(exported, encoding="utf-8")
    asked = "\n".join(REQUIREMENTS[target])
    return _HEADER + _uv("pip", "compile", "-", "--constraints", str(constraints), *options, given=asked)


def _uv(*arguments: str, given: str = "") -> str:
    command = [str(ROOT / ".venv" / "bin" / "uv"), *arguments, "--quiet"]
    return subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Write each target's requirements.txt anew."""
    for target in REQUIREMENTS:
        requirements_file(target).write_text(locked(target), encoding="utf-8")


if __name__ == "__main__":
    main()
