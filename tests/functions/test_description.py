"""The OpenAPI document of the platform's API: committed, complete, and what people can read."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from promptstudio_functions.permissions import RULES
from tests.functions.api_document import FILE, api_document

DOCUMENT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
OPERATIONS = {
    (method.upper(), path): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def test_the_committed_document_is_the_applications() -> None:
    assert api_document() == FILE.read_text(encoding="utf-8"), "run `make regen`, and read the difference"


def test_its_bytes_depend_on_no_chance() -> None:
    program = "import sys; from tests.functions.api_document import *; sys.stdout.write(api_document())"
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", program]
    made = subprocess.run(command, env=environment, cwd=FILE.parents[1], capture_output=True, check=True)
    assert made.stdout == FILE.read_bytes()


def test_every_route_but_the_one_for_browsers_is_described() -> None:
    assert set(OPERATIONS) == set(RULES) - {("GET", "/sign-in")}


@pytest.mark.parametrize("route", OPERATIONS, ids=" ".join)
def test_an_operation_says_who_may_call_it_and_how(route: tuple[str, str]) -> None:
    operation, rule = OPERATIONS[route], RULES[route]
    assert operation.get("x-role") == (None if rule.role is None else rule.role.name)
    assert operation.get("x-scope") == rule.scope
    schemes = [set(way) for way in operation["security"]]
    session = [{"session"} if route[0] == "GET" else {"session", "csrf"}] if rule.role is not None else []
    assert schemes == [*session, *([{"key"}] if rule.scope else [])]
    for word in (operation.get("x-role"), operation.get("x-scope")):
        assert word is None or f"`{word}`" in operation["description"]


@pytest.mark.parametrize("route", OPERATIONS, ids=" ".join)
def test_an_operation_can_be_read(route: tuple[str, str]) -> None:
    operation = OPERATIONS[route]
    assert operation["tags"]
    assert operation["summary"][0].isupper()
    assert not operation["summary"].endswith(".")
    assert len(operation["summary"]) <= 160


@pytest.mark.parametrize("route", OPERATIONS, ids=" ".join)
def test_an_operation_has_its_success_and_problems_of_one_form(route: tuple[str, str]) -> None:
    responses = OPERATIONS[route]["responses"]
    success = {status for status in responses if status.startswith("2")}
    assert success
    assert set(responses) == {*success, "4XX", "5XX"}, (
        "what is bad is a 400 with a problem, no 422 of FastAPI"
    )
    for status in ("4XX", "5XX"):
        assert responses[status] == {"$ref": "#/components/responses/Problem"}
    streams = {
        ("POST", "/api/prompts/{name}/test"): "text/event-stream",
        ("GET", "/api/audit/export"): "application/jsonl",
    }
    for status in success - {"204"}:
        assert list(responses[status]["content"]) == [streams.get(route, "application/json")]


def test_operations_are_named_once() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name.islower() for name in names)


def test_what_is_referred_to_is_there() -> None:
    def references(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    for reference in references(DOCUMENT):
        found: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    text = json.dumps(DOCUMENT)
    assert "HTTPValidationError" not in text
    for name in ("session", "csrf", "key"):
        assert name in DOCUMENT["components"]["securitySchemes"]
