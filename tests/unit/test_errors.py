import re
from typing import Any

import pytest

from promptstudio.errors import PROTOCOL, AppError, FieldError, fill


def test_a_problem_carries_its_code_status_and_text() -> None:
    error = AppError("version_unknown", name="summarize", version=7)
    assert (error.code, error.status, error.title) == ("not_found", 404, "Not found")
    assert error.detail == "Prompt summarize has no version 7."


def test_a_parameter_is_never_read_as_text_with_parameters() -> None:
    assert fill("{a} and {b}", {"a": "{b}", "b": "}{a"}) == "{b} and }{a"


@pytest.mark.parametrize("problem", PROTOCOL["problems"])
def test_every_problem_has_a_known_code_and_fills_its_text(problem: str) -> None:
    row = PROTOCOL["problems"][problem]
    parameters: dict[str, Any] = dict.fromkeys(re.findall(r"\{(\w+)\}", row["detail"]), "x")
    error = AppError(problem, **parameters)
    assert error.status == PROTOCOL["codes"][row["code"]]["status"]
    assert "{" not in error.detail


def test_field_errors_compare_by_what_they_say() -> None:
    assert FieldError("/a", "is required") == FieldError("/a", "is required")
    assert len({FieldError("/a", "x"), FieldError("/a", "x"), FieldError("/b", "x")}) == 2
