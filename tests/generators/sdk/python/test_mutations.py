"""What breaks callers fails the type check of code for the old shape; no other change of a prompt does."""

from pathlib import Path
from typing import Final

import pytest

from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import SdkOptions
from promptstudio_generators.write import write
from tests.generators.sdk.mutations import BASE, MUTATIONS
from tests.generators.sdk.python.checkers import mypy, pyright

HERE: Final = Path(__file__).parent
OPTIONS: Final = SdkOptions(name="Acme")
ARTICLE: Final = "src/acme/prompts/article.py"

# Where a key may be missing, pyright lets code ask for it that no TypedDict declares. mypy does not.
UNSEEN_BY_PYRIGHT: Final = {"the output loses a property that it could lack"}


def write_all(folder: Path) -> None:
    """One package with a module of the prompt for each mutation, and a caller for each of those."""
    caller = (HERE / "caller.txt").read_text("utf-8")
    files = generate_sdk("python", BASE.bundle, OPTIONS)
    for number, mutation in enumerate(MUTATIONS):
        module = generate_sdk("python", mutation.shape.bundle, OPTIONS)[ARTICLE]
        files[f"src/acme/prompts/m{number}.py"] = module
        files[f"callers/m{number}.py"] = caller.replace("prompts.article", f"prompts.m{number}")
    write(files, folder)


def broken(told: dict[str, str]) -> set[str]:
    """The mutations whose callers have an error; what is no caller's of a breaking one is told as it is."""
    breaking = {f"callers/m{number}.py": each.name for number, each in enumerate(MUTATIONS) if each.breaks}
    return {breaking.get(path, f"{path}: {error}") for path, error in told.items()}


BREAKING: Final = {each.name for each in MUTATIONS if each.breaks}


def test_what_breaks_callers_fails_mypy_and_nothing_else_does(tmp_path: Path) -> None:
    write_all(tmp_path)
    assert broken(mypy(tmp_path, "callers", "src/acme/prompts")) == BREAKING


@pytest.mark.needs("pyright")
def test_what_breaks_callers_fails_pyright_and_nothing_else_does(tmp_path: Path) -> None:
    write_all(tmp_path)
    told = broken(pyright(tmp_path, "callers", "src/acme/prompts"))
    assert told == BREAKING - UNSEEN_BY_PYRIGHT
