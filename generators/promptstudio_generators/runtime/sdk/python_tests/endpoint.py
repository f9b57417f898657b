"""An endpoint on this machine that answers what a test has written down for it."""

import json
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """What is sent for one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Received(NamedTuple):
    """A request that came. Names of headers are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: Any


class Endpoint:
    """A server, at `url` until it is closed. It gives one of `answers` after the other."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.received: list[Received] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def script(self, answers: Sequence[Answer]) -> None:
        """Begin anew, with these answers."""
        self.answers, self.received = list(answers), []

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                endpoint.received.append(Received(self.path, headers, body))
                self._send(endpoint.answers.pop(0))

            def _send(self, answer: Answer) -> None:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *args: object) -> None:
                pass

        return Handler


def answer_of(prompt: str, version: int, output: Mapping[str, object]) -> dict[str, object]:
    """A run's answer."""
    return {
        "id": "run_1",
        "prompt": prompt,
        "version": version,
        "model": "echo/echo",
        "output": output,
        "finish_reason": "stop",
        "usage": {"input_tokens": 3, "output_tokens": 2, "cached_tokens": 0},
        "cost_usd": None,
        "cache": {"status": "bypass"},
    }


def whole(document: Mapping[str, object]) -> Answer:
    """An answer in one piece."""
    return Answer(200, {"content-type": "application/json"}, json.dumps(document).encode())


def streamed(*events: tuple[str, object]) -> Answer:
    """An answer as a stream of events."""
    frames = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    return Answer(200, {"content-type": "text/event-stream"}, frames.encode())


def problem(status: int, code: str, headers: Mapping[str, str]) -> Answer:
    """A problem."""
    body = {"type": f"urn:promptstudio:error:{code}", "status": status, "code": code, "detail": "So it is."}
    kind = {"content-type": "application/problem+json"}
    return Answer(status, {**kind, **headers}, json.dumps(body).encode())
