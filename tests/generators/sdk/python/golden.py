"""The golden package: what is generated for the bundle of the tests, without sources that ship verbatim."""

from pathlib import Path
from typing import Final

from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import SdkOptions
from promptstudio_generators.sdks.python_files import runtime_files
from tests.generators.projects import bundle

GOLDEN: Final = Path(__file__).parents[2] / "sdk_golden" / "python"
OPTIONS: Final = SdkOptions(name="Acme Prompts", package_version="1.2.0")
VERBATIM: Final = ("tests/endpoint.py", "tests/test_calls.py")


def golden_files() -> dict[str, str]:
    """The files by path; copied.txt lists those that ship verbatim."""
    files = generate_sdk("python", bundle(), OPTIONS)
    copied = {f"src/acme_prompts/{name}" for name in runtime_files(OPTIONS)} | set(VERBATIM)
    golden = {path: text for path, text in files.items() if path not in copied}
    return {**golden, "copied.txt": "".join(f"{path}\n" for path in sorted(copied))}
