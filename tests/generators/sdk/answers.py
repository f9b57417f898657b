"""What an endpoint answers, well and badly."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from promptstudio.values import Json
from tests.conformance.case import Answer

WHOLE: Final[dict[str, Json]] = {
    "id": "run_1",
    "prompt": "greet",
    "version": 0,
    "model": "echo/echo",
    "output": {"type": "text", "text": "Hello Ada"},
    "finish_reason": "stop",
    "usage": {"input_tokens": 3, "output_tokens": 2, "cached_tokens": 0},
    "cost_usd": None,
    "cache": {"status": "bypass"},
}
START: Final[dict[str, Json]] = {"id": "run_1", "prompt": "greet", "version": 0, "model": "echo/echo"}
JSON: Final = {"content-type": "application/json"}
STREAM: Final = {"content-type": "text/event-stream"}
PROBLEM: Final = {"content-type": "application/problem+json", "x-request-id": "req_1"}


def whole(
    body: Mapping[str, object],
    status: int = 200,
    headers: Mapping[str, str] = JSON,
    end: str = "complete",
) -> Answer:
    """An answer in one piece. `end`: complete, truncate, reset, or hang."""
    return Answer(status, dict(headers), [json.dumps(body).encode()], streamed=False, end=end)


def page(status: int = 200) -> Answer:
    """What a proxy answers."""
    headers = {"content-type": "text/html; charset=utf-8"}
    return Answer(status, headers, [b"<h1>Hi</h1>"], streamed=False)


def broken(end: str) -> Answer:
    """No byte of an answer."""
    return Answer(None, {}, [], streamed=False, end=end)


def busy(status: int = 503, headers: Mapping[str, str] | None = None) -> Answer:
    """A problem that may pass."""
    return whole(problem("provider_unavailable", status), status, {**PROBLEM, **(headers or {})})


def problem(code: str, status: int) -> dict[str, Json]:
    return {
        "type": f"urn:promptstudio:error:{code}",
        "title": code,
        "status": status,
        "detail": "No.",
        "code": code,
        "request_id": "req_1",
    }


def stream(*steps: bytes, end: str = "complete", headers: Mapping[str, str] = STREAM) -> Answer:
    """An event stream, each step a chunk of its own."""
    return Answer(200, dict(headers), steps, streamed=True, end=end)


def frame(event: str, data: object) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data)}\n\n".encode()


def deltas(*texts: str) -> Sequence[bytes]:
    return [frame("delta", {"text": text}) for text in texts]


DONE: Final = frame("done", WHOLE)
