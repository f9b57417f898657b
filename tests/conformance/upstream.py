"""A scripted model provider on loopback: it answers each call with the next answer of a script.

Threads and plain sockets, because it has to break connections in the ways in which providers break them.
"""

import select
import socket
import struct
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.conformance.case import Answer, When

PATIENCE_S = 20.0
"""How long the upstream waits for a condition before it calls the script failed."""

_GLANCE_S = 0.02  # how soon a held connection notices that the script is over
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close() sends RST
_UNSCRIPTED = Answer(599, {"content-type": "text/plain"}, [b"unscripted"], streamed=False)


@dataclass(slots=True)
class Call:
    """What the provider was sent, when (monotonic seconds), and when the caller hung up before the end."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float
    aborted_at: float | None = None


class Script:
    """One run of answers: what was asked, and what the client has seen of it."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.calls: list[Call] = []
        self.problems: list[str] = []
        self._answers = list(answers)
        self._received = b""
        self._finished = False
        self._changed = threading.Condition()

    def take(self, call: Call) -> Answer:
        """Note a call and give its answer."""
        with self._changed:
            self.calls.append(call)
            return self._answers.pop(0) if self._answers else _UNSCRIPTED

    def client_received(self, data: bytes) -> None:
        """Tell the script what has reached a client."""
        with self._changed:
            self._received += data
            self._changed.notify_all()

    def wait_for(self, when: When) -> None:
        """Block until the clients have received what the model waits for; that they never do is a problem."""
        with self._changed:
            met = self._changed.wait_for(
                lambda: self._finished or self._received.count(when.text) >= when.times, PATIENCE_S
            )
        if not met:
            times = f"{self._received.count(when.text)} of {when.times} times"
            self.problems.append(f"the model waited for {when.text!r}, which clients received {times}")

    def hold(self, connection: socket.socket, call: Call) -> None:
        """Say nothing until the caller hangs up or the script ends."""
        while not self._finished:
            if select.select([connection], [], [], _GLANCE_S)[0]:
                self.note_abort(call)
                return

    def note_abort(self, call: Call) -> None:
        """The caller hung up before the answer's end."""
        with self._changed:
            call.aborted_at = time.monotonic()
            self._changed.notify_all()

    def wait_for_abort(self) -> bool:
        """Whether every call has been hung up on."""
        with self._changed:
            return self._changed.wait_for(lambda: all(call.aborted_at for call in self.calls), PATIENCE_S)

    def finish(self) -> None:
        """Release every connection that is still held."""
        with self._changed:
            self._finished = True
            self._changed.notify_all()


class ScriptedUpstream:
    """The provider's server. `url` is where it answers, `refused_url` where nothing does."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._closed_port = socket.socket()  # bound and never listening: connections to it are refused
        self._closed_port.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.refused_url = f"http://127.0.0.1:{self._closed_port.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.script.finish()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._closed_port.close()

    def play(self, answers: Sequence[Answer]) -> Script:
        """Start a new script; the one before is over."""
        self._server.script.finish()
        self._server.script = Script(answers)
        return self._server.script


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # many may call at once

    def __init__(self, address: tuple[str, int], connection: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, connection)
        self.script = Script(())

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hangs up between two calls is no error."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Nothing is logged: the script tells what happened."""

    def do_POST(self) -> None:
        script = self.server.script
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.command, self.path, headers, self._read_body(), time.monotonic())
        answer = script.take(call)
        try:
            self._answer(script, call, answer)
        except (BrokenPipeError, ConnectionResetError):
            script.note_abort(call)
            self.close_connection = True

    def _read_body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, script: Script, call: Call, answer: Answer) -> None:
        if answer.held is not None:
            script.wait_for(answer.held)
        if answer.status is not None:
            self._write_head(answer)
            for step in answer.steps:
                if isinstance(step, When):
                    script.wait_for(step)
                else:
                    self._write(step, answer)
        self._end(script, call, answer)

    def _write_head(self, answer: Answer) -> None:
        framing = (
            ("transfer-encoding", "chunked") if answer.streamed else ("content-length", _declared(answer))
        )
        lines = [f"{name}: {value}\r\n" for name, value in (*answer.headers.items(), framing)]
        self.wfile.write(f"HTTP/1.1 {answer.status} Scripted\r\n{''.join(lines)}\r\n".encode())

    def _write(self, step: bytes, answer: Answer) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(step), step) if answer.streamed else step)

    def _end(self, script: Script, call: Call, answer: Answer) -> None:
        if answer.end == "hang":
            script.hold(self.connection, call)
        if answer.end == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        if answer.end != "complete" or answer.status is None:
            self.close_connection = True
        elif answer.streamed:
            self.wfile.write(b"0\r\n\r\n")


def _declared(answer: Answer) -> str:
    """The Content-Length: more than what comes, where the answer is to break off."""
    length = sum(len(step) for step in answer.steps if isinstance(step, bytes))
    return str(length if answer.end == "complete" else length + 1)
