"""Refusals as RFC 9457 problem documents."""

import logging
import traceback

import orjson

from promptstudio.endpoint.exchange import Exchange, Header
from promptstudio.errors import AppError

_CONTENT_TYPE = b"application/problem+json"

logger = logging.getLogger(__name__)


def log_internal(error: Exception, request_id: str) -> AppError:
    """Log an error that nobody expected, and give what the client may know of it.

    The log has the error's type and where it arose. Its message stays out: it may quote what was sent.
    """
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s failed: %s at\n%s", request_id, type(error).__qualname__, frames)
    return AppError("internal")


def problem_body(error: AppError, request_id: str) -> bytes:
    """The problem document of an error, as JSON in UTF-8."""
    members: dict[str, object] = {
        "type": f"urn:promptstudio:error:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
    }
    if error.errors:
        members["errors"] = [{"pointer": row.pointer, "message": row.message} for row in error.errors]
    return orjson.dumps(members)


async def answer_problem(exchange: Exchange, error: AppError) -> None:
    """Answer a request with the problem document of an error."""
    body = problem_body(error, exchange.id)
    await exchange.answer(error.status, _CONTENT_TYPE, body, problem_headers(error))


def problem_headers(error: AppError) -> list[Header]:
    """The headers that an error asks for, beside content type and length."""
    headers: list[Header] = []
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after))
    return headers
