"""Where the cases come from, what a session shares, and the table at its end."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.conformance.case import RUNTIMES, Case
from tests.conformance.case_file import CaseError, load
from tests.conformance.play import Player, at_once
from tests.conformance.stores import ENGINES
from tests.conformance.table import as_markdown, as_text, merged, placed, table
from tests.contract.engines import NEEDS as ENGINE_NEEDS

CASES = Path(__file__).parent / "cases"

VERDICTS = "conformance"
"""The property of a test's report that says how each runtime did."""

_NEEDS = {
    "workerd": ("node",),
    "vercel": ("node",),
    "vercel_node": ("node", "make prove"),
    "gcf": ("functions-framework",),
    "aws_sam": ("lambda-web-adapter",),
}

_PROVES_MORE = ("vercel", "openai-text")  # a case that `make prove` has built by Vercel's own command


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cases", metavar="DIR", help="a folder of conformance cases, in place of the project's"
    )
    parser.addoption(
        "--conformance-table",
        metavar="FILE",
        type=Path,
        help="write the table of conformance cases and runtimes as Markdown; of a file that has a place for "
        "it, only that is written",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case_file" in metafunc.fixturenames:
        files = case_files(metafunc.config)
        plays = [
            play for runtime in RUNTIMES for file in _neighbours(files) for play in _plays(file, runtime)
        ]
        metafunc.parametrize(("case_file", "runtimes"), plays)


def case_files(config: pytest.Config) -> Sequence[Path]:
    """The session's cases. The options exist only where this file is loaded before the command line is
    read."""
    folder = Path(config.getoption("--cases", default=None) or CASES)
    files = sorted(folder.glob("*.json"))
    if not files:
        message = f"There are no cases in {folder}."
        raise pytest.UsageError(message)
    return files


def _neighbours(files: Sequence[Path]) -> Sequence[Path]:
    """The files, those of one deployment beside each other: to start a runtime takes longer than a case."""
    groups: dict[str, list[Path]] = {}
    for file in files:
        case = _case(file)
        deployment = case and [case.prompts, case.settings, case.environ, case.store, at_once(case)]
        groups.setdefault(repr(deployment), []).append(file)
    return [file for group in groups.values() for file in group]


def _plays(file: Path, runtime: str) -> Iterator[object]:
    """The test of a case in a runtime, beside the first that it is for. That is Python, which needs nothing,
    where it is any."""
    case = _case(file)
    if case is None:
        runtimes: tuple[str, ...] = (runtime,)
    elif runtime not in case.runtimes or (runtime == case.runtimes[0] and len(case.runtimes) > 1):
        return
    else:
        runtimes = tuple(dict.fromkeys((case.runtimes[0], runtime)))
    needs = {tool for each in runtimes for tool in tools(each, case)}
    marks = [pytest.mark.needs(*sorted(needs))]
    if (runtime, file.stem) == _PROVES_MORE:
        marks.append(pytest.mark.proves_more)
    yield pytest.param(file, runtimes, id=f"{runtime}-{file.stem}", marks=marks)


def tools(runtime: str, case: Case | None) -> Iterator[str]:
    """What a machine has to have for the case in the runtime, by the names of the mark `needs`."""
    yield from _NEEDS.get(runtime, ())
    engine = ENGINE_NEEDS.get(ENGINES.get(runtime, ""))
    if engine is not None and case is not None and case.store == "empty":
        yield engine


@pytest.fixture(scope="session")
def player(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    with Player(tmp_path_factory.mktemp("projects")) as player:
        yield player


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table, wherever cases were played."""
    verdicts = merged(_reported(terminalreporter))
    if not verdicts:
        return
    cases = [_case(file) or _unreadable(file) for file in case_files(config)]
    terminalreporter.write_sep("=", "conformance: cases passed in each runtime")
    for line in as_text(table(cases, verdicts, by_case=terminalreporter.verbosity > 0)):
        terminalreporter.write_line(line, red="✗" in line)
    path: Path | None = config.getoption("--conformance-table", default=None)
    if path is not None:
        before = path.read_text("utf-8") if path.exists() else ""
        path.write_text(placed(before, as_markdown(table(cases, verdicts))), "utf-8")


def _reported(terminalreporter: pytest.TerminalReporter) -> Iterator[tuple[str, str, bool]]:
    """(case, runtime, whether it passed) of every report, which pytest-xdist has brought from its workers."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == VERDICTS:
                    yield from value


def _case(file: Path) -> Case | None:
    try:
        return load(file)
    except CaseError:
        return None  # its tests say what is wrong with it


def _unreadable(file: Path) -> Case:
    return Case(file.stem, {}, {}, {}, "any", ())
