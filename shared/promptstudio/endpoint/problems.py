"""Refusals as RFC 9457 problem documents."""

import orjson

from promptstudio.errors import AppError

CONTENT_TYPE = b"application/problem+json"


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


def problem_headers(error: AppError) -> list[tuple[bytes, bytes]]:
    """The headers that an error asks for, beside content type and length."""
    headers = []
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after))
    return headers
