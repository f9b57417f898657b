"""One HTTP request over ASGI: its headers and body, its answer, and whether its client is still there."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from promptstudio.errors import AppError

Message: TypeAlias = MutableMapping[str, Any]  # ASGI's own types are no stricter
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Header: TypeAlias = tuple[bytes, bytes]

_Result = TypeVar("_Result")

_LOOK_EVERY_S: Final = 0.03


class ClientGone(Exception):  # noqa: N818 - not an error: nobody is there to be told
    """The client closed the connection before its answer was complete."""


def server_timing(model_s: float) -> Header:
    """The header that tells how long the model took."""
    return (b"server-timing", b"model;dur=%.1f" % (model_s * 1000))


def _headers(given: Sequence[Header]) -> dict[bytes, bytes]:
    """Headers by name. Those sent twice are one, with a comma between (RFC 9110, section 5.2)."""
    headers = dict(given)
    if len(headers) != len(given):
        headers = {name: b", ".join(value for key, value in given if key == name) for name in headers}
    return headers


class Exchange:
    """One request and its answer.

    `headers` has names in lower case; `extra_headers` go out with whatever is answered. `run_id` is for the
    run that the request asks for, if it does: 24 hexadecimal digits.
    """

    __slots__ = (
        "_receive",
        "_send",
        "_task",
        "_watcher",
        "client_gone",
        "extra_headers",
        "headers",
        "id",
        "run_id",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        digits = os.urandom(24).hex()
        self.id = "req_" + digits[:24]
        self.run_id = digits[24:]
        self.headers = _headers(scope["headers"])
        self.extra_headers: tuple[Header, ...] = ()
        self.client_gone = False
        self._receive = receive
        self._send = send
        self._task: asyncio.Task[Any] | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def body(self, limit: int) -> bytes:
        """The whole body; raises AppError body_too_large beyond `limit` bytes, or ClientGone."""
        declared = self.headers.get(b"content-length")
        if declared is not None and int(declared) > limit:
            raise AppError("body_too_large", limit=limit)
        body = b""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece: bytes = message.get("body", b"")
            body = body + piece if body else piece
            if len(body) > limit:
                raise AppError("body_too_large", limit=limit)
            more = message.get("more_body", False)
        return body

    async def answer(
        self, status: int, content_type: bytes, body: bytes, headers: Iterable[Header] = ()
    ) -> None:
        """Send the whole answer."""
        await self._send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [
                    (b"content-type", content_type),
                    (b"content-length", b"%d" % len(body)),
                    (b"x-request-id", self.id.encode()),
                    *headers,
                    *self.extra_headers,
                ],
            }
        )
        await self._send({"type": "http.response.body", "body": body})

    async def answer_empty(self, headers: Iterable[Header]) -> None:
        """Send a 204."""
        await self._send(
            {
                "type": "http.response.start",
                "status": 204,
                "headers": [(b"x-request-id", self.id.encode()), *headers, *self.extra_headers],
            }
        )
        await self._send({"type": "http.response.body", "body": b""})

    async def begin_stream(self, headers: Iterable[Header] = ()) -> None:
        """Send the status and headers of an event stream."""
        await self._send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"text/event-stream"),
                    (b"cache-control", b"no-cache"),
                    (b"x-request-id", self.id.encode()),
                    *headers,
                    *self.extra_headers,
                ],
            }
        )

    async def write(self, data: bytes, *, last: bool = False) -> None:
        """Send a piece of a stream."""
        await self._send({"type": "http.response.body", "body": data, "more_body": not last})

    async def unless_gone(self, work: Coroutine[Any, Any, _Result], attendance: "Attendance") -> _Result:
        """The result of `work`, which is cancelled when the client goes away: then ClientGone is raised.

        The request's body must have been read.
        """
        self._task = asyncio.current_task()
        attendance.add(self)
        try:
            return await work
        except asyncio.CancelledError:
            if self.client_gone:
                raise ClientGone from None
            raise
        finally:
            attendance.discard(self)
            if self._watcher is not None:
                self._watcher.cancel()

    def watch(self) -> None:
        """Cancel what `unless_gone` waits for as soon as the client is gone."""
        self._watcher = asyncio.get_running_loop().create_task(self._wait_for_departure())

    async def _wait_for_departure(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.client_gone = True
        if self._task is not None:
            self._task.cancel()


class Attendance:
    """Has those requests watched that wait for a model, in one event loop.

    A watcher costs as much as validating does. One timer looks over all requests, and only those that it
    meets twice get one: what a model answers within 30 ms costs no more than its entry here, and no client
    that leaves goes unnoticed for longer than twice that.
    """

    __slots__ = ("_met", "_new", "_timer")

    def __init__(self) -> None:
        self._new: set[Exchange] = set()
        self._met: set[Exchange] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, exchange: Exchange) -> None:
        self._new.add(exchange)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_EVERY_S, self._look)

    def discard(self, exchange: Exchange) -> None:
        self._new.discard(exchange)
        self._met.discard(exchange)

    def _look(self) -> None:
        for exchange in self._met:
            exchange.watch()
        self._met, self._new = self._new, set()
        self._timer = None
        if self._met:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_EVERY_S, self._look)
