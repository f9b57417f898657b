"""Server-sent events, read and written without any I/O (https://html.spec.whatwg.org, section 9.2)."""

from typing import Final, NamedTuple

PING: Final = b": ping\n\n"

_BOM: Final = b"\xef\xbb\xbf"


class ServerSentEvent(NamedTuple):
    """One event. `event` is its type, None where the stream names none."""

    event: str | None
    data: str


def encode(event: str, data_line: bytes) -> bytes:
    """One frame. `data_line` is UTF-8 without line breaks: JSON, as a rule."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), data_line)


class SseDecoder:
    """Bytes in, as they come; whole events out, as soon as their last byte is there."""

    __slots__ = ("_after_cr", "_data", "_event", "_started", "_tail")

    def __init__(self) -> None:
        self._tail: list[bytes] = []  # pieces of a line whose end has not come
        self._data: list[bytes] = []
        self._event: bytes = b""
        self._started = False
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that `chunk` completes. Bytes that are no UTF-8 become U+FFFD."""
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
        if not end:
            if chunk:
                self._tail.append(chunk)
            return []
        self._after_cr = end == len(chunk) and chunk.endswith(b"\r")
        whole = chunk[:end]
        if self._tail:
            whole = b"".join((*self._tail, whole))
        self._tail = [chunk[end:]] if end < len(chunk) else []
        return self._read_lines(whole.splitlines())

    def finish(self) -> list[ServerSentEvent]:
        """The event that only its blank line was missing from: some servers end without one.

        An event cut off within a line is dropped.
        """
        return [] if self._tail or not self._data else [self._dispatch()]

    def _read_lines(self, lines: list[bytes]) -> list[ServerSentEvent]:
        if not self._started:
            self._started = True
            lines[0] = lines[0].removeprefix(_BOM)
        events = []
        for line in lines:
            if not line:
                if self._data:
                    events.append(self._dispatch())
                self._event = b""
            elif line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b" ", 5) else line[5:])
            elif line.startswith(b"event:"):
                self._event = line[7:] if line.startswith(b" ", 6) else line[6:]
            elif line == b"data":
                self._data.append(b"")
            elif line == b"event":
                self._event = b""
        return events

    def _dispatch(self) -> ServerSentEvent:
        data = self._data
        text = (data[0] if len(data) == 1 else b"\n".join(data)).decode(errors="replace")
        event = ServerSentEvent(self._event.decode(errors="replace") or None, text)
        self._data = []
        return event
