"""The table of cases and runtimes, and the README, which shows it."""

from pathlib import Path

import pytest

from tests.conformance.case import RUNTIMES, Case
from tests.conformance.case_file import load
from tests.conformance.conftest import CASES
from tests.conformance.table import (
    BEGIN,
    END,
    GROUPS,
    NOT_RUN,
    TITLES,
    Table,
    as_markdown,
    as_text,
    merged,
    placed,
    table,
)

README = Path(__file__).parents[2] / "README.md"


def case(name: str, runtimes: tuple[str, ...] = RUNTIMES, why: str | None = None) -> Case:
    return Case(name, {}, {}, {}, "any", (), runtimes, why)


SERVER = case("stream-abort", ("python", "workerd"), "only these report a client that goes")
CASES_OF_THREE = [case("stream-a"), case("stream-b"), SERVER, case("cache-a")]


def verdicts(cases: list[Case], *, failed: tuple[tuple[str, str], ...] = ()) -> dict[tuple[str, str], bool]:
    return {
        (each.name, runtime): (each.name, runtime) not in failed for each in cases for runtime in RUNTIMES
    }


def row(shown: Table, name: str) -> list[str]:
    [found] = [list(cells) for cells in shown.rows if cells[0] == name]
    return found[1:]


def test_a_cell_counts_what_passed() -> None:
    shown = table(CASES_OF_THREE, verdicts(CASES_OF_THREE))
    assert shown.rows[0] == ["", "cases", *TITLES.values()]
    assert row(shown, "cache") == ["1"] * 7
    assert row(shown, "streams") == ["3", "3", "3", *["2 –¹"] * 4]
    assert row(shown, "all") == ["4", "4", "4", *["3 –¹"] * 4]
    assert shown.notes == [
        "–¹ not in Vercel edge, Vercel Node, Google Cloud, Lambda: only these report a client that goes"
    ]


def test_what_failed_is_counted_beside_what_passed() -> None:
    failed = (("stream-a", "workerd"), ("cache-a", "gcf"))
    shown = table(CASES_OF_THREE, verdicts(CASES_OF_THREE, failed=failed))
    assert row(shown, "streams")[:3] == ["3", "3", "2 ✗1"]
    assert row(shown, "cache") == ["1", "1", "1", "1", "1", "✗1", "1"]
    assert row(shown, "all") == ["4", "4", "3 ✗1", "3 –¹", "3 –¹", "2 ✗1 –¹", "3 –¹"]


def test_a_runtime_that_fails_a_case_once_has_failed_it() -> None:
    played = [("a", "python", True), ("a", "python", False), ("a", "python", True), ("b", "python", True)]
    assert merged(played) == {("a", "python"): False, ("b", "python"): True}


def test_what_was_not_played_is_told() -> None:
    played = {
        key: passed
        for key, passed in verdicts(CASES_OF_THREE).items()
        if key[1] != "aws_sam" and key != ("stream-a", "gcf")
    }
    shown = table(CASES_OF_THREE, played)
    assert row(shown, "streams")[-2:] == ["1 ·1 –¹", "·2 –¹"]
    assert shown.notes[-1] == NOT_RUN


def test_a_row_for_each_case_says_the_same() -> None:
    shown = table(CASES_OF_THREE, verdicts(CASES_OF_THREE), by_case=True)
    assert [cells[0] for cells in shown.rows] == [
        "",
        "stream-a",
        "stream-b",
        "stream-abort",
        "cache-a",
        "all",
    ]
    assert row(shown, "stream-abort") == ["1", "1", "1", *["–¹"] * 4]


def test_cases_that_are_not_for_a_runtime_share_a_note_if_they_share_the_reason() -> None:
    cases = [
        case("key-a", ("python",), "first"),
        case("key-b", ("python",), "first"),
        case("key-c", ("python",), "second"),
    ]
    shown = table(cases, {})
    assert row(shown, "keys, CORS")[1:3] == ["·3", "–¹,²"]
    assert [note[:2] for note in shown.notes] == ["–¹", "–²", "· "]


def test_the_terminal_gets_columns() -> None:
    lines = list(as_text(Table([["", "n", "long title"], ["a group", "12", "3"]], ["note"])))
    assert lines == ["          n  long title", "a group  12           3", "note"]


def test_markdown_gets_a_table_and_a_line_for_each_note() -> None:
    text = as_markdown(Table([["", "n"], ["a group", "12"]], ["one", "two"]))
    assert text == "|  | n |\n| --- | --: |\n| a group | 12 |\n\none\n\ntwo\n"


@pytest.mark.parametrize("before", ["", "A file of old.\n", f"Only {BEGIN}a beginning"])
def test_a_file_without_a_place_becomes_the_table(before: str) -> None:
    assert placed(before, "| new |\n") == "| new |\n"


def test_in_a_file_with_a_place_only_that_is_written() -> None:
    text = f"Before.\n{BEGIN}\nold\n{END}After.\n"
    assert placed(text, "| new |\n") == f"Before.\n{BEGIN}\n| new |\n\n{END}After.\n"


def test_every_case_of_ours_has_a_named_row() -> None:
    words = {file.stem.partition("-")[0] for file in CASES.glob("*.json")}
    assert words == {word for group in GROUPS.values() for word in group}


def test_the_readme_shows_the_table_of_all_cases_passed_in_all_runtimes() -> None:
    """`make conformance ARGS="--conformance-table README.md"` writes it."""
    cases = [load(file) for file in sorted(CASES.glob("*.json"))]
    text = README.read_text("utf-8")
    assert placed(text, as_markdown(table(cases, verdicts(cases)))) == text
