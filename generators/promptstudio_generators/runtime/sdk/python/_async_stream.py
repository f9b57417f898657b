"""A run that is answered piece by piece."""

from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Final, Generic, TypeVar, cast

from ._async_engine import AsyncEngine, AsyncExchange, connection_error
from ._events import Event, read_event
from ._sse import ServerSentEvent, SseDecoder
from ._transport import TransportError, TransportTimeoutError
from ._wire import EVENT_STREAM, Call, Head, not_events
from .errors import StreamTruncatedError

A = TypeVar("A")

# A stream's end follows its last event. If it comes in this time, its connection can be used again.
_END_S: Final = 0.1


class AsyncRunStream(Generic[A]):
    """The events of a run: `start`, a `delta` for each piece, and `done` with the whole answer.

    `async with` sends the call, and its end closes the connection. Without it, iterating does both: leaving
    the loop closes the connection. Each event is given once. Raises APIError where the run fails, before or
    amid the events; StreamTruncatedError where the events end early; APITimeoutError.
    """

    __slots__ = (
        "_answer",
        "_call",
        "_decoded",
        "_decoder",
        "_engine",
        "_exchange",
        "_in_block",
        "_is_closed",
        "_pieces",
    )

    def __init__(self, engine: AsyncEngine, call: Call) -> None:
        self._engine = engine
        self._call = call
        self._exchange: AsyncExchange | None = None
        self._pieces: list[str] = []
        self._answer: A | None = None
        self._decoder = SseDecoder(call.max_event_bytes)
        self._decoded: Iterator[ServerSentEvent] = iter(())
        self._in_block = False
        self._is_closed = False

    async def __aenter__(self) -> "AsyncRunStream[A]":
        self._in_block = True
        await self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def __aiter__(self) -> AsyncIterator[Event[A]]:
        exchange = await self._open()
        try:
            while self._answer is None and (event := await self._next(exchange)) is not None:
                yield event
            if not self._is_closed:
                await exchange.chunk_within(_END_S)
        finally:
            if not self._in_block:
                await exchange.aclose()

    @property
    def partial(self) -> str:
        """The text that has come so far."""
        return "".join(self._pieces)

    @property
    def request_id(self) -> str | None:
        """What the endpoint's logs know the run by, once it has answered."""
        return self._exchange.head.request_id if self._exchange else None

    async def answer(self) -> A:
        """Take the events that are left, and give the whole answer."""
        async for _ in self:
            pass
        if self._answer is None:
            raise StreamTruncatedError("The stream was closed before its last event.", partial=self.partial)
        return self._answer

    async def aclose(self) -> None:
        """Close the connection: the endpoint stops the run, and iterating ends."""
        self._is_closed = True
        if self._exchange is not None:
            await self._exchange.aclose()

    async def _open(self) -> AsyncExchange:
        if self._exchange is None:
            exchange = await self._engine.send(self._call)
            self._exchange = exchange
            await self._require_events(exchange)
        return self._exchange

    async def _require_events(self, exchange: AsyncExchange) -> None:
        if exchange.head.media_type != EVENT_STREAM:
            content = await exchange.chunk_within(_END_S)
            await exchange.aclose()
            raise not_events(exchange.head, content)

    async def _next(self, exchange: AsyncExchange) -> Event[A] | None:
        """The next event; None where the stream was closed on this side."""
        while not self._is_closed:
            event = next(self._decoded, None)
            if event is not None:
                return self._read(event, exchange.head)
            self._decoded = self._decoder.feed(await self._chunk(exchange))
        return None

    def _read(self, event: ServerSentEvent, head: Head) -> Event[A]:
        read = cast("Event[A]", read_event(event, head))
        if read.type == "delta":
            self._pieces.append(read.text)
        elif read.type == "done":
            self._answer = read.answer
        return read

    async def _chunk(self, exchange: AsyncExchange) -> bytes:
        attempts = exchange.head.attempts
        try:
            chunk = await exchange.chunk()
        except TransportTimeoutError as error:
            raise connection_error(error, attempts, self.partial) from error
        except TransportError as error:
            if self._is_closed:
                return b""
            raise self._truncated(str(error), attempts) from error
        if not chunk and not self._is_closed:
            raise self._truncated("The stream ended before its last event.", attempts)
        return chunk

    def _truncated(self, message: str, attempts: int) -> StreamTruncatedError:
        return StreamTruncatedError(message, attempts=attempts, partial=self.partial)
