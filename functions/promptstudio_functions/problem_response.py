"""Errors of the platform's API as RFC 9457 problem documents."""

from fastapi import Request, Response
from pydantic import BaseModel

from promptstudio.endpoint.problems import problem_body, problem_headers
from promptstudio.errors import AppError

CONTENT_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """What is wrong with one value, at a JSON pointer into the body."""

    pointer: str
    message: str


class Problem(BaseModel):
    """An RFC 9457 problem document, as the API's description shows it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldProblem] | None = None


def problem_response(request: Request, error: AppError) -> Response:
    """The answer that tells of an error."""
    headers = {name.decode(): value.decode() for name, value in problem_headers(error)}
    body = problem_body(error, request.state.id)
    return Response(body, status_code=error.status, headers=headers, media_type=CONTENT_TYPE)
