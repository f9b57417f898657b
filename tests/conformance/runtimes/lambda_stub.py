"""API Gateway's REST proxy and Lambda's Runtime API, as far as a function that streams needs them.

The gateway turns a request into an event; the runtime asks for it, and posts its answer piece by piece: a
prelude in JSON with status and headers, eight NUL bytes, the body.
"""

import base64
import json
import queue
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

PATIENCE_S: Final = 40.0
TRACE: Final = "Root=1-65f1a2b3-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
"""What each invocation is told of its trace: it is recorded."""

_SEPARATOR: Final = b"\0" * 8
_INVOCATION: Final = "/2018-06-01/runtime/invocation/"
_EXTENSION: Final = "/2020-01-01/extension/"


def gateway_event(
    method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes
) -> dict[str, object]:
    """What a REST API's proxy integration sends, where every media type counts as binary. `target` is a path,
    with a query where there is one."""
    url = urlsplit(target)
    values: dict[str, list[str]] = {}
    for name, value in headers:
        if name.lower() not in ("transfer-encoding", "content-length", "connection"):
            values.setdefault(name, []).append(value)
    query = parse_qsl(url.query, keep_blank_values=True)
    return {
        "resource": "/{proxy+}",
        "path": url.path,
        "httpMethod": method,
        "headers": {name: given[-1] for name, given in values.items()},
        "multiValueHeaders": values,
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": {
            name: [value for key, value in query if key == name] for name, _ in query
        }
        or None,
        "pathParameters": {"proxy": url.path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "conformance",
            "httpMethod": method,
            "identity": {"sourceIp": "127.0.0.1"},
            "path": f"/live{url.path}",
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "resourcePath": "/{proxy+}",
            "stage": "live",
        },
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


@dataclass(slots=True)
class Invocation:
    """An event, and the pieces of its answer as the runtime posts them; None is the end."""

    event: Mapping[str, object]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    pieces: "queue.SimpleQueue[bytes | None]" = field(default_factory=queue.SimpleQueue)

    def answer(self) -> tuple[dict[str, object], Iterator[bytes]]:
        """The prelude, and the body as it comes."""
        data = b""
        pieces = self._read()
        for piece in pieces:
            data += piece
            head, separator, body = data.partition(_SEPARATOR)
            if separator:
                return json.loads(head), self._rest(body, pieces)
        raise ConnectionError(f"the function gave no prelude, but {data!r}")

    def _rest(self, first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
        if first:
            yield first
        yield from pieces

    def _read(self) -> Iterator[bytes]:
        while (piece := self.pieces.get(timeout=PATIENCE_S)) is not None:
            yield piece


class LambdaStub:
    """The two servers, on loopback. `runtime_api` is for AWS_LAMBDA_RUNTIME_API."""

    def __init__(self) -> None:
        self._gateway = _Server(_Gateway)
        self._runtime = _Server(_RuntimeApi)
        self._runtime.waiting = self._gateway.waiting
        self._servers = (self._gateway, self._runtime)
        self.port = self._gateway.server_port
        self.runtime_api = f"127.0.0.1:{self._runtime.server_port}"

    def __enter__(self) -> Self:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.over.set()
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # many clients may come at once

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.waiting: queue.SimpleQueue[Invocation] = queue.SimpleQueue()
        self.running: dict[str, Invocation] = {}
        self.over = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hangs up is no error."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Nothing is logged."""

    def pieces(self) -> Iterator[bytes]:
        """The request's body as it comes."""
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            yield self.rfile.read(int(self.headers.get("content-length", 0)))
            return
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            """Trailers say nothing to us."""

    def send_json(self, status: int, body: Mapping[str, object], headers: Mapping[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


class _RuntimeApi(_Connection):
    def do_GET(self) -> None:
        if self.path.startswith(_EXTENSION):
            self.server.over.wait()  # the adapter's extension asks for no event, and is sent none
            self.close_connection = True
            return
        while not self.server.over.is_set():
            try:
                invocation = self.server.waiting.get(timeout=0.1)
            except queue.Empty:
                continue
            self.server.running[invocation.id] = invocation
            arn = "arn:aws:lambda:eu-central-1:000000000000:function:conformance"
            headers = {
                "Lambda-Runtime-Aws-Request-Id": invocation.id,
                "Lambda-Runtime-Deadline-Ms": "4102444800000",
                "Lambda-Runtime-Invoked-Function-Arn": arn,
                "Lambda-Runtime-Trace-Id": TRACE,
                "Content-Type": "application/json",
            }
            self.send_json(200, invocation.event, headers)
            return

    def do_POST(self) -> None:
        if self.path.startswith(_EXTENSION):
            list(self.pieces())
            self.send_json(200, {}, {"Lambda-Extension-Identifier": str(uuid.uuid4())})
            return
        name, _, what = self.path.removeprefix(_INVOCATION).partition("/")
        invocation = self.server.running.pop(name, None)
        for piece in self.pieces():
            if invocation is not None and what == "response":
                invocation.pieces.put(piece)
        if invocation is not None:
            invocation.pieces.put(None)
        self.send_json(202, {}, {})


class _Gateway(_Connection):
    def answer(self) -> None:
        body = b"".join(self.pieces())
        invocation = Invocation(gateway_event(self.command, self.path, self.headers.items(), body))
        self.server.waiting.put(invocation)
        prelude, pieces = invocation.answer()
        self._write_head(prelude)
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def do_OPTIONS(self) -> None:
        self.answer()

    def _write_head(self, prelude: Mapping[str, object]) -> None:
        status, headers = prelude["statusCode"], prelude.get("headers", {})
        assert isinstance(headers, dict)
        lines = [f"{name}: {value}\r\n" for name, value in headers.items() if name != "content-length"]
        head = f"HTTP/1.1 {status} Lambda\r\n{''.join(lines)}transfer-encoding: chunked\r\n\r\n"
        self.wfile.write(head.encode("latin-1"))
