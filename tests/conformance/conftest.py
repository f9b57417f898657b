"""Where the cases come from, and what a session shares: one upstream, one runtime of each kind."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.conformance.case import RUNTIMES
from tests.conformance.case_file import CaseError, load
from tests.conformance.play import Player

CASES = Path(__file__).parent / "cases"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cases", metavar="DIR", help="a folder of conformance cases, in place of the project's"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = set(metafunc.fixturenames) & {"case_file", "runtime"}
    if names == {"case_file", "runtime"}:
        pairs = [(file, name) for file in _case_files(metafunc.config) for name in _runtimes_of(file)]
        metafunc.parametrize(
            ("case_file", "runtime"),
            [pytest.param(file, name, marks=_marks(name), id=f"{file.stem}-{name}") for file, name in pairs],
        )
    elif names == {"case_file"}:
        files = [file for file in _case_files(metafunc.config) if len(_runtimes_of(file)) > 1]
        metafunc.parametrize("case_file", files, ids=[file.stem for file in files])
    elif names:
        metafunc.parametrize("runtime", [pytest.param(name, marks=_marks(name)) for name in RUNTIMES])


def _case_files(config: pytest.Config) -> list[Path]:
    # The option exists only where this file is loaded before the command line is read.
    folder = Path(config.getoption("--cases", default=None) or CASES)
    files = sorted(folder.glob("*.json"))
    if not files:
        message = f"There are no cases in {folder}."
        raise pytest.UsageError(message)
    return files


def _runtimes_of(file: Path) -> Sequence[str]:
    """The runtimes that a case is for. A file that is no case is for all: its test says what is wrong."""
    try:
        return load(file).runtimes
    except CaseError:
        return RUNTIMES


def _marks(runtime: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.needs("node")] if runtime == "workerd" else []


@pytest.fixture(scope="session")
def player(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    with Player(tmp_path_factory.mktemp("projects")) as player:
        yield player
