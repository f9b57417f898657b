"""The projects that the generators' tests look at, all made from bundle.json."""

import json
from pathlib import Path
from typing import cast

from promptstudio.values import Json
from promptstudio_generators.targets import TARGETS, generate
from promptstudio_generators.targets.options import TargetOptions

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
RUNTIME = "src/promptstudio/"
PYTHON_RUNTIME = "promptstudio/"

OPTIONS = TargetOptions(
    name="Acme Prompts", cors_origins=("https://acme.example", "https://www.acme.example")
)


def bundle() -> dict[str, Json]:
    """A fresh copy of the bundle, free to be changed."""
    return cast("dict[str, Json]", json.loads((HERE / "bundle.json").read_bytes()))


def golden_files(target: str) -> dict[str, str]:
    """What the golden folder of a target holds: the project without the runtime, which ships verbatim.

    Which modules a Python project carries is the generator's choice: copied.txt lists them.
    """
    files = generate(target, bundle(), OPTIONS)
    golden = {path: text for path, text in files.items() if not path.startswith((RUNTIME, PYTHON_RUNTIME))}
    copied = sorted(files.keys() - golden.keys())
    is_python = any(path.endswith(".py") for path in copied)
    return {**golden, "copied.txt": "\n".join(copied) + "\n"} if is_python else golden


def golden_targets() -> list[str]:
    """Every target there is."""
    return list(TARGETS)
