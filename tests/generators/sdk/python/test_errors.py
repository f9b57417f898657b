"""The errors: one tree, told by a problem's code, and fit to be sent to another process."""

import copy
import inspect
import json
import pickle

import pytest

from promptstudio.errors import PROTOCOL
from promptstudio_generators.runtime.sdk.python import errors
from promptstudio_generators.runtime.sdk.python._package import BaseError
from promptstudio_generators.runtime.sdk.python._wire import Head, problem, problem_event
from promptstudio_generators.runtime.sdk.python.errors import BY_CODE, APIError

PROBLEM = {
    "type": "urn:promptstudio:error:invalid_variables",
    "title": "Invalid variables",
    "status": 422,
    "detail": "The variables do not fit the prompt.",
    "code": "invalid_variables",
    "request_id": "req_body",
    "errors": [{"pointer": "/variables/style", "message": "is required"}, 7, {"pointer": 1}],
}

CLASSES = [
    value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, BaseError)
]

INSTANCES = [
    errors.ConfigurationError("no"),
    errors.APIConnectionError("broke", attempts=3),
    errors.APITimeoutError("late", attempts=2, partial="Hel"),
    errors.StreamTruncatedError("ended", attempts=2, partial="Hel"),
    errors.EventTooLargeError(10),
    errors.UnexpectedResponseError("odd", status_code=200, headers={"a": "b"}, body="<html>", attempts=2),
    errors.WebhookVerificationError("no"),
    *(
        kind(
            "no",
            status_code=429,
            headers={"retry-after": "3"},
            body={"code": "x"},
            code="x",
            type="urn:x",
            detail="no",
            errors=[{"pointer": "/a", "message": "b"}],
            request_id="req_1",
            retry_after=3.0,
            attempts=3,
        )
        for kind in CLASSES
        if issubclass(kind, APIError)
    ),
]


def head(status: int = 422, **headers: str) -> Head:
    return Head(status, {name.replace("_", "-"): value for name, value in headers.items()}, 2)


def test_there_is_one_tree() -> None:
    assert {type(error) for error in INSTANCES} == set(CLASSES) - {BaseError}
    assert all(kind.__doc__ for kind in CLASSES)


@pytest.mark.parametrize("error", INSTANCES, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling_and_copying(error: BaseError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error), copy.copy(error)):
        assert type(twin) is type(error)
        assert (twin.args, vars(twin), str(twin)) == (error.args, vars(error), str(error))


def test_every_code_of_the_protocol_has_a_class() -> None:
    assert BY_CODE.keys() == PROTOCOL["codes"].keys()
    for code, row in PROTOCOL["codes"].items():
        body = json.dumps({"code": code, "status": row["status"]}).encode()
        error = problem(head(row["status"]), body, 0)
        assert type(error) is BY_CODE[code]
        assert error.code == code
        assert str(row["status"])[0] in (BY_CODE[code].__doc__ or "").partition(":")[0]


def test_a_problem_is_told_in_full() -> None:
    error = problem(head(retry_after="7", x_request_id="req_head"), json.dumps(PROBLEM).encode(), 0)
    assert str(error) == "The variables do not fit the prompt. (422 invalid_variables req_body)"
    assert (error.status_code, error.code, error.type) == (422, PROBLEM["code"], PROBLEM["type"])
    assert (error.detail, error.body, error.request_id) == (PROBLEM["detail"], PROBLEM, "req_body")
    assert error.errors == ({"pointer": "/variables/style", "message": "is required"},)
    assert (error.retry_after, error.attempts, error.headers["retry-after"]) == (7, 2, "7")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((400, errors.InvalidRequestError), (401, errors.UnauthorizedError), (403, errors.ForbiddenError)),
        *((404, errors.NotFoundError), (409, errors.ConflictError), (429, errors.RateLimitError)),
        *((418, APIError), (500, errors.InternalServerError), (502, errors.InternalServerError)),
        *((503, errors.UnavailableError), (599, errors.InternalServerError)),
    ],
)
@pytest.mark.parametrize(
    "body", [b"<h1>Bad</h1>", b"", b"[1]", b"null", b'{"code":7}', b"\xff", b"[" * 10**5, b"NaN"]
)
def test_without_a_code_the_status_decides(status: int, kind: type[APIError], body: bytes) -> None:
    error = problem(head(status, x_request_id="req_1"), body, 0)
    assert type(error) is kind
    assert (error.status_code, error.code, error.request_id, error.errors) == (status, None, "req_1", ())
    assert str(error) == f"The endpoint tells no reason. ({status} req_1)"


def test_what_is_no_json_is_kept_as_text() -> None:
    assert problem(head(502), b"<h1>Bad</h1>", 0).body == "<h1>Bad</h1>"
    assert problem(head(502), b"\xff", 0).body == "\ufffd"


def test_an_error_in_a_stream_is_told_by_its_code_and_not_by_the_streams_status() -> None:
    error = problem_event(head(200), json.dumps(PROBLEM))
    assert type(error) is errors.InvalidVariablesError
    assert (error.status_code, error.attempts) == (422, 2)


@pytest.mark.parametrize("data", ["?", "[]", "{}", '{"status":true}'])
def test_an_error_in_a_stream_that_says_nothing_is_one_all_the_same(data: str) -> None:
    error = problem_event(head(200), data)
    assert type(error) is APIError
    assert error.status_code == 200
