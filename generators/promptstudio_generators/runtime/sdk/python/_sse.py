"""Server-sent events, by the letter of https://html.spec.whatwg.org/multipage/server-sent-events.html.

Bytes in, as they come; events out, each as soon as its last byte is there. No I/O. Every byte is looked at a
fixed number of times, however the stream is cut.
"""

import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Final, NamedTuple

from .errors import EventTooLargeError

MAX_EVENT_BYTES: Final = 16 * 1024 * 1024

_BOM: Final = b"\xef\xbb\xbf"
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_DIGITS: Final = re.compile(rb"[0-9]+")
# A line is longer than the value in it: by a field's name, a colon, a space and a byte order mark.
_BESIDE_A_VALUE: Final = 64
# `int` takes no more digits in one go: https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
_MOST_DIGITS: Final = 4300


class ServerSentEvent(NamedTuple):
    """One event.

    `event` is its type, None where the stream names none. `id` is the last event ID of the stream so far, ""
    where it has had none. `retry` is the reconnection time in milliseconds that came with this event.
    """

    event: str | None
    data: str
    id: str = ""
    retry: int | None = None


class SseDecoder:
    """Decodes one stream. `max_event_bytes` bounds an event's data, and any line."""

    __slots__ = (
        "_after_cr",
        "_data",
        "_data_bytes",
        "_event",
        "_id",
        "_limit",
        "_retry",
        "_started",
        "_tail",
        "_tail_bytes",
    )

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._limit = max_event_bytes
        self._tail: list[bytes] = []  # pieces of a line whose end has not come
        self._tail_bytes = 0
        self._data: list[bytes] = []
        self._data_bytes = 0  # with the line feeds between them
        self._event = b""
        self._id = ""
        self._retry: int | None = None
        self._started = False
        self._after_cr = False

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """The events that `chunk` completes; raises EventTooLargeError.

        Iterate to the end before the next chunk is fed. Bytes that are no UTF-8 become U+FFFD. What the
        stream does not complete is never an event.
        """
        if self._after_cr and chunk:
            chunk = chunk[1:] if chunk[:1] == b"\n" else chunk
            self._after_cr = False
        start = 0
        for end in _LINE_END.finditer(chunk):
            self._after_cr = end.end() == len(chunk) and chunk[-1:] == b"\r"
            event = self._line(self._whole(chunk[start : end.start()]))
            start = end.end()
            if event is not None:
                yield event
        self._keep(chunk[start:])

    def _keep(self, piece: bytes) -> None:
        if not piece:
            return
        self._tail.append(piece)
        self._tail_bytes += len(piece)
        if self._tail_bytes > self._limit + _BESIDE_A_VALUE:
            raise EventTooLargeError(self._limit)

    def _whole(self, line: bytes) -> bytes:
        """The line that ends with these bytes."""
        if self._tail:
            line = b"".join((*self._tail, line))
            self._tail.clear()
            self._tail_bytes = 0
        if not self._started:
            self._started = True
            if line[:3] == _BOM:
                return line[3:]
        return line

    def _line(self, line: bytes) -> ServerSentEvent | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if name == b"data":
            self._add(value)
        elif name == b"event":
            self._event = value
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode(errors="replace")
        elif name == b"retry" and _DIGITS.fullmatch(value):
            digits = value.lstrip(b"0")
            self._retry = int(digits or b"0") if len(digits) <= _MOST_DIGITS else None
        return None

    def _add(self, value: bytes) -> None:
        self._data_bytes += len(value) + bool(self._data)
        self._data.append(value)
        if self._data_bytes > self._limit:
            raise EventTooLargeError(self._limit)

    def _dispatch(self) -> ServerSentEvent | None:
        data, name, retry = self._data, self._event, self._retry
        self._data, self._data_bytes, self._event, self._retry = [], 0, b"", None
        if not data:
            return None
        text = b"\n".join(data).decode(errors="replace")
        return ServerSentEvent(name.decode(errors="replace") or None, text, self._id, retry)


def iter_sse(chunks: Iterable[bytes], *, max_event_bytes: int = MAX_EVENT_BYTES) -> Iterator[ServerSentEvent]:
    """The events of a stream that comes in chunks, cut anywhere; raises EventTooLargeError."""
    decoder = SseDecoder(max_event_bytes)
    for chunk in chunks:
        yield from decoder.feed(chunk)


async def aiter_sse(
    chunks: AsyncIterable[bytes], *, max_event_bytes: int = MAX_EVENT_BYTES
) -> AsyncIterator[ServerSentEvent]:
    """The same of chunks that are awaited."""
    decoder = SseDecoder(max_event_bytes)
    async for chunk in chunks:
        for event in decoder.feed(chunk):
            yield event
