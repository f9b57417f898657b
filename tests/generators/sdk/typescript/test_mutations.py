"""What breaks callers fails the type check of code for the old shape; no other change of a prompt does."""

import json
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import SdkOptions
from promptstudio_generators.sdks.typescript import typescript_sdk_runtime
from promptstudio_generators.write import write
from tests.generators.sdk.mutations import MUTATIONS
from tests.generators.sdk.typescript.hosts import HERE
from tests.generators.sdk.typescript.test_package import STRICT, TSC_5_9, TSC_7_0

TIMEOUT_S: Final = 240
OPTIONS: Final = SdkOptions(name="Acme")


def write_all(folder: Path) -> None:
    """A folder for each mutation, with the package's own file and the caller's; beside them, the runtime."""
    caller = (HERE / "caller.ts").read_text("utf-8")
    files = {f"runtime/{name}": text for name, text in typescript_sdk_runtime().items()}
    for number, mutation in enumerate(MUTATIONS):
        index = generate_sdk("typescript", mutation.shape.bundle, OPTIONS)["src/index.ts"]
        files[f"{number}/index.ts"] = index.replace('from "./', 'from "../runtime/')
        files[f"{number}/caller.ts"] = caller
    options = {**STRICT, "module": "nodenext", "lib": ["ES2022", "DOM", "ESNext.Disposable"], "types": []}
    files["package.json"] = '{"type": "module"}'
    files["tsconfig.json"] = json.dumps({"compilerOptions": options})
    write(files, folder)


@pytest.mark.parametrize(
    "compiler",
    [
        pytest.param(TSC_5_9, id="5.9", marks=pytest.mark.needs("node")),
        pytest.param(TSC_7_0, id="7.0", marks=pytest.mark.needs("npm's judges")),
    ],
)
def test_what_breaks_callers_fails_their_type_check_and_nothing_else_does(
    compiler: Path, tmp_path: Path
) -> None:
    write_all(tmp_path)
    done = subprocess.run(
        ["node", compiler, "-p", tmp_path, "--pretty", "false"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    told = {
        match[1]: match[2]
        for match in re.finditer(r"^(\S+?)\(\d+,\d+\): error (.*)$", done.stdout, re.MULTILINE)
    }
    breaking = {f"{number}/caller.ts": each.name for number, each in enumerate(MUTATIONS) if each.breaks}
    assert {breaking.get(path, f"{path}: {error}") for path, error in told.items()} == set(breaking.values())
