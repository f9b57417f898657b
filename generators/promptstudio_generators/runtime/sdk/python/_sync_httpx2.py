"""httpx2 under the synchronous client. It is imported with the first call."""

import socket
import threading
import time
from typing import TYPE_CHECKING

from ._httpx2_errors import as_transport_errors
from ._transport import Request
from ._watch import Watched

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx2


class Httpx2Response:
    """An answer of httpx2. `patience` is how long httpx2 itself waits for each piece, in seconds."""

    __slots__ = ("_chunks", "_response", "_watched", "headers")

    def __init__(self, response: "httpx2.Response", patience: float | None) -> None:
        self._response = response
        self._chunks: Iterator[bytes] = response.iter_bytes()
        self._watched = Watched(
            patience, lambda: _descriptor(response), lambda seconds: _extend(response, seconds)
        )
        self.headers: Mapping[str, str] = dict(response.headers)

    @property
    def status(self) -> int:
        return self._response.status_code

    def chunk(self, within: float | None) -> bytes:
        return self._watched.read(self._next, within)

    def _next(self) -> bytes:
        with as_transport_errors():
            return next(self._chunks, b"")

    def close(self) -> None:
        self._watched.close(self._response.close)


class Httpx2Transport:
    """Sends requests through a client that was given, which stays open, or one of its own."""

    __slots__ = ("_given", "_lock", "_own", "_proxy")

    def __init__(self, given: "httpx2.Client | None", proxy: str | None) -> None:
        self._given = given
        self._proxy = proxy
        self._own: httpx2.Client | None = None
        self._lock = threading.Lock()

    def send(self, request: Request, *, connect: float | None, within: float | None) -> Httpx2Response:
        import httpx2

        client = self._client()
        built = client.build_request(
            "POST",
            request.url,
            content=request.body,
            headers=dict(request.headers),
            timeout=httpx2.Timeout(within, connect=connect),
        )
        with as_transport_errors():
            return Httpx2Response(client.send(built, stream=True, follow_redirects=False), within)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def _client(self) -> "httpx2.Client":
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None:
                self._own = _open(self._proxy)
            return self._own

    def close(self) -> None:
        with self._lock:
            own, self._own = self._own, None
        if own is not None:
            own.close()


def _open(proxy: str | None) -> "httpx2.Client":
    import httpx2

    return httpx2.Client(proxy=proxy, limits=httpx2.Limits(max_keepalive_connections=100))


def _descriptor(response: "httpx2.Response") -> int | None:
    """The answer's socket's; None where another transport than a network's gave it."""
    stream = response.extensions.get("network_stream")
    found = None if stream is None else stream.get_extra_info("socket")
    return found.fileno() if isinstance(found, socket.socket) else None


def _extend(response: "httpx2.Response", seconds: float | None) -> bool:
    """httpx2 looks its limits up in the request once the body is read."""
    response.request.extensions["timeout"]["read"] = seconds
    return True
