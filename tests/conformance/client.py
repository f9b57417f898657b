"""The client of a case: one HTTP/1.1 request, sent as the case says, and all that came back."""

import http.client
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tests.conformance.case import Request
from tests.conformance.upstream import RESET_ON_CLOSE

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Received:
    """An answer: header names in lower case, the body's bytes unchunked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def send(
    host: str, port: int, request: Request, keys: Mapping[str, str], received: Callable[[bytes], None]
) -> Received:
    """Send the request, tell `received` of each piece of the answer, and give the whole of it.

    `keys` are the API keys by what stands for them in headers.
    """
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        _write(connection, request, keys)
        response = connection.getresponse()
        body = _read(response, request.close_after, received)
        if request.close_after is not None:
            # A reset, as a mere close leaves open whether the client still reads.
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            response.close()
        return Received(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
    finally:
        connection.close()


def _write(connection: http.client.HTTPConnection, request: Request, keys: Mapping[str, str]) -> None:
    headers: dict[str, str | None] = {"authorization": "Bearer {key}"}
    if request.body is not None:
        headers["content-type"] = "application/json"
        if request.chunks is None:
            headers["content-length"] = str(len(request.body))
        else:
            headers["transfer-encoding"] = "chunked"
    headers |= {name.lower(): value for name, value in request.headers.items()}
    connection.putrequest(
        request.method, request.path, skip_host="host" in headers, skip_accept_encoding=True
    )
    for name, value in headers.items():
        if value is not None:
            for placeholder, key in keys.items():
                value = value.replace(placeholder, key)
            connection.putheader(name, value.encode())
    connection.endheaders()
    try:
        for piece in _pieces(request):
            connection.send(piece)
    except (BrokenPipeError, ConnectionResetError):
        return  # a server may refuse a body before its end: its answer says so


def _pieces(request: Request) -> Iterator[bytes]:
    body = request.body or b""
    if request.chunks is None:
        yield body
        return
    for start in range(0, len(body), request.chunks):
        piece = body[start : start + request.chunks]
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def _read(
    response: http.client.HTTPResponse, close_after: bytes | None, received: Callable[[bytes], None]
) -> bytes:
    body = b""
    while piece := response.read1(65536):
        body += piece
        received(piece)
        if close_after is not None and close_after in body:
            break
    return body
