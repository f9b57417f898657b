"""A model provider on loopback that gives the replies a test has lined up."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal, Self

PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What one call is answered with. An event among the pieces is waited for."""

    pieces: Sequence[bytes | threading.Event] = ()
    content_type: str = "application/json"
    status: int = 200
    end: Literal["complete", "break", "hang"] = "complete"
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Provider:
    """`url` is its base URL, `calls` what it was sent; `hung_up` is set when a caller leaves what hangs."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.calls: list[Call] = []
        self.hung_up = threading.Event()
        self._server = _server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _server(provider: Provider) -> ThreadingHTTPServer:
    class Connection(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Tests read `calls`."""

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            provider.calls.append(Call(self.command, self.path, headers, body))
            self.close_connection = True
            self._answer(provider.replies.pop(0))

        def _answer(self, reply: Reply) -> None:
            self.send_response(reply.status)
            standing = {"Content-Type": reply.content_type, "Transfer-Encoding": "chunked"}
            for name, value in {**standing, **(reply.headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in reply.pieces:
                if isinstance(piece, threading.Event):
                    assert piece.wait(PATIENCE_S), "what the reply waited for never came"
                else:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            if reply.end == "hang" and self.connection.recv(1) == b"":
                provider.hung_up.set()
            if reply.end == "complete":
                self.wfile.write(b"0\r\n\r\n")

    return ThreadingHTTPServer(("127.0.0.1", 0), Connection)
