"""Where the cases come from, and what a session shares: one upstream, one runtime of each kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.play import Player

CASES = Path(__file__).parent / "cases"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cases", metavar="DIR", help="a folder of conformance cases, in place of the project's"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case_file" in metafunc.fixturenames:
        # The option exists only where this file is loaded before the command line is read.
        folder = Path(metafunc.config.getoption("--cases", default=None) or CASES)
        files = sorted(folder.glob("*.json"))
        if not files:
            message = f"There are no cases in {folder}."
            raise pytest.UsageError(message)
        metafunc.parametrize("case_file", files, ids=[file.stem for file in files])


@pytest.fixture(scope="session")
def player(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    with Player(tmp_path_factory.mktemp("projects")) as player:
        yield player
