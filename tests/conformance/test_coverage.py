"""The cases exercise the whole of protocol.json: what a client may be told, some case shows."""

import json
import re
from collections.abc import Iterator

from promptstudio.errors import PROTOCOL
from promptstudio.values import Json
from tests.conformance.conftest import CASES

NOT_BY_A_CASE = {"internal"}
"""No request brings it about: it is told of what nobody foresaw."""


def texts(value: Json) -> Iterator[str]:
    """Every string in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def expected_texts() -> set[str]:
    """Every text that some case expects, wherever it stands in an answer."""
    found: set[str] = set()
    for file in CASES.glob("*.json"):
        case = json.loads(file.read_bytes())
        for step in (*case.get("earlier", []), case):
            found.update(texts({name: value for name, value in step["expect"].items() if name != "calls"}))
    return found


def pattern(template: str) -> re.Pattern[str]:
    """What the texts of a row are like. One may stand among others, as it does for OpenAI's clients."""
    parts = re.split(r"\{[a-z]+\}", template)
    return re.compile(".+".join(map(re.escape, parts)))


def unexpected(rows: dict[str, str]) -> set[str]:
    expected = expected_texts()
    return {name for name, template in rows.items() if not any(map(pattern(template).search, expected))}


def test_every_problem_but_internal_is_what_some_case_expects() -> None:
    rows = {name: row["detail"] for name, row in PROTOCOL["problems"].items()}
    assert unexpected(rows) == NOT_BY_A_CASE


def test_every_check_is_what_some_case_expects() -> None:
    assert unexpected(PROTOCOL["checks"]) == set()


def test_every_subject_of_a_limit_is_what_some_case_expects() -> None:
    whose = {name: f"are let through {text}." for name, text in PROTOCOL["limits"]["subjects"].items()}
    assert unexpected(whose) == set()


def test_a_row_is_known_by_its_text_with_anything_in_its_places() -> None:
    assert pattern("No {what} in {where}.").search('/a: No "cake" in the house. Really')
    assert not pattern("No {what} in {where}.").search("No in the house.")
