"""A generated client somewhere, the server that it calls, and what came of a call."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from promptstudio.values import Json
from tests.conformance.case import Answer
from tests.conformance.upstream import Script, ScriptedUpstream
from tests.generators.sdk.typescript.hosts import Host, Outcome
from tests.generators.sdk.typescript.packages import CLIENT

WHOLE: Final[dict[str, Json]] = {
    "id": "run_1",
    "prompt": "greet",
    "version": 2,
    "model": "openai/gpt-5.4-mini",
    "output": {"type": "text", "text": "Hello Ada"},
    "finish_reason": "stop",
    "usage": {"input_tokens": 3, "output_tokens": 2, "cached_tokens": 0},
    "cost_usd": "0.000001",
    "cache": {"status": "bypass"},
}
START: Final[dict[str, Json]] = {
    "id": "run_1",
    "prompt": "greet",
    "version": 2,
    "model": "openai/gpt-5.4-mini",
}
JSON: Final = {"content-type": "application/json"}
STREAM: Final = {"content-type": "text/event-stream"}
PROBLEM: Final = {"content-type": "application/problem+json", "x-request-id": "req_1"}
UUID4: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Stage:
    """A client's host and the server that it calls."""

    name: str
    host: Host
    server: ScriptedUpstream

    @property
    def is_browser(self) -> bool:
        return self.name == "chromium"

    def play(self, *answers: Answer, url: str | None = None, **question: object) -> "Seen":
        """What came of a question while the server gave these answers."""
        script = self.server.play(answers)
        options = {"baseUrl": url or self.server.url, "apiKey": "ps_live_secret"}
        asked = {"client": CLIENT, "member": "greet", "variables": {"name": "Ada"}, **question}
        asked["options"] = {**options, **asked.get("options", {})}  # type: ignore[dict-item]
        outcome = self.host.perform(asked)
        return Seen(outcome, script)


@dataclass(frozen=True)
class Seen:
    outcome: Outcome
    script: Script

    @property
    def error(self) -> dict[str, Any]:
        assert "error" in self.outcome, self.outcome
        error: dict[str, Any] = self.outcome["error"]
        assert error["isError"]
        return error

    @property
    def waits_ms(self) -> list[float]:
        return [fields["waitMs"] for message, fields in self.outcome["log"] if message == "retry"]

    @property
    def texts(self) -> list[str]:
        return [event["text"] for event in self.outcome["events"] if event["type"] == "delta"]

    def has_one_effect(self, attempts: int) -> bool:
        """Whether all attempts bear one name, by which a server tells that they are one call."""
        keys = {call.headers["idempotency-key"] for call in self.script.calls}
        bodies = {call.body for call in self.script.calls}
        is_one = len(keys) == len(bodies) == 1 and all(UUID4.fullmatch(key) for key in keys)
        return is_one and len(self.script.calls) == attempts


def whole(
    body: Mapping[str, object],
    status: int = 200,
    headers: dict[str, str] | None = None,
    end: str = "complete",
) -> Answer:
    return Answer(status, {**(headers or JSON)}, [json.dumps(body).encode()], streamed=False, end=end)


def broken(end: str) -> Answer:
    """No byte of an answer."""
    return Answer(None, {}, [], streamed=False, end=end)


def busy(status: int = 503, headers: Mapping[str, str] | None = None) -> Answer:
    """A failure; without headers, one that may be tried again soon."""
    named = SOON if headers is None else headers
    return whole(problem("provider_unavailable", status), status, {**PROBLEM, **named})


def problem(code: str, status: int) -> dict[str, Json]:
    kind = f"urn:promptstudio:error:{code}"
    return {
        "type": kind,
        "title": code,
        "status": status,
        "detail": "No.",
        "code": code,
        "request_id": "req_1",
    }


def frame(event: str, data: object) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data)}\n\n".encode()


def stream(*steps: bytes, end: str = "complete", headers: dict[str, str] | None = None) -> Answer:
    return Answer(200, headers or STREAM, steps, streamed=True, end=end)


def deltas(*texts: str) -> Sequence[bytes]:
    return [frame("delta", {"text": text}) for text in texts]


DONE: Final = frame("done", WHOLE)
SOON: Final = {"retry-after-ms": "1"}
