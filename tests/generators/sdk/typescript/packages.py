"""The package that the tests look at, made from the generators' bundle."""

from pathlib import Path

from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import SdkOptions
from promptstudio_generators.write import write
from tests.generators.projects import bundle

OPTIONS = SdkOptions(name="Acme Prompts", package_version="1.2.0")
CLIENT = "AcmePrompts"


def package_files() -> dict[str, str]:
    return generate_sdk("typescript", bundle(), OPTIONS)


def write_package(folder: Path) -> Path:
    write(package_files(), folder)
    return folder
