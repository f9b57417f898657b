"""The Python SDK's event streams against the standard's words, written down once more in the plainest way."""

import re
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from types import FrameType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio_generators.runtime.sdk.python._sse import (
    MAX_EVENT_BYTES,
    ServerSentEvent,
    SseDecoder,
    aiter_sse,
    iter_sse,
)
from promptstudio_generators.runtime.sdk.python.errors import EventTooLargeError

if TYPE_CHECKING:
    from _typeshed import TraceFunction

Events = list[ServerSentEvent]

PIECES = (
    *(b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n", b":", b": ", b" ", b"\0", b"\t"),
    *(b"data", b"data:", b"data: ", b"data:  x", b"data: a\n\n", b"data\n\n", b"dat", b"data : x"),
    *(b"DATA: x", b"event:", b"event: tick", b"event\n", b"id:", b"id: 1", b"id", b"id: a\0b", b"retry:"),
    *(b"retry: 10", b"retry: 1e3", b"retry: -1", b"retry: \xd9\xa1", b": comment\n", b"other: x\n"),
    *(b"\xef\xbb\xbf", b"\xef\xbb", b"\xff", b"\xc3", b"\xc3\xa9", b"\xe2\x82", b"\xe2\x82\xac"),
    *(
        b"\xf0\x9f\x8c\x8d",
        b"\xf0\x9f",
        b"\xed\xa0\x80",
        "\u2028".encode(),
        "\x85".encode(),
        b"\x0b",
        b"\x1e",
    ),
)
FIELDS = (b"data: a", b"data:b", b"data", b"event: tick", b"event", b"id: 1", b"id", b"retry: 5", b": c", b"")
lines = st.lists(st.sampled_from(FIELDS) | st.sampled_from((b"\n", b"\r", b"\r\n")), max_size=24)
pieces = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=24)
streams = (lines | pieces).map(b"".join)


def by_the_standard(stream: bytes) -> Events:
    """https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation"""
    text = stream.decode("utf-8", "replace")
    lines = re.split("\r\n|\n|\r", text.removeprefix("\ufeff"))
    events: Events = []
    data, event, identifier, retry = "", "", "", None
    for line in lines[:-1]:  # the last one has no end
        if not line:
            if data:
                events.append(ServerSentEvent(event or None, data[:-1], identifier, retry))
            data, event, retry = "", "", None
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data += value + "\n"
        elif field == "event":
            event = value
        elif field == "id" and "\0" not in value:
            identifier = value
        elif field == "retry" and re.fullmatch("[0-9]+", value):
            retry = int(value)
    return events


def cut(stream: bytes, places: Sequence[int]) -> list[bytes]:
    """The stream in chunks, some of them empty."""
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


@given(stream=streams, places=st.lists(st.integers(0, 10**6), max_size=8))
def test_any_stream_cut_anywhere_gives_the_events_of_the_standard(stream: bytes, places: list[int]) -> None:
    assert list(iter_sse(cut(stream, places))) == by_the_standard(stream)


@given(stream=streams)
def test_bytes_that_come_one_by_one_give_the_same_events(stream: bytes) -> None:
    assert list(iter_sse(bytes([byte]) for byte in stream)) == by_the_standard(stream)


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [ServerSentEvent(None, "a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [ServerSentEvent(None, "a")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [ServerSentEvent(None, "b")]),
        (
            b"data:a\r\rdata: b\r\n\r\ndata:  c\n\n",
            [ServerSentEvent(None, text) for text in ("a", "b", " c")],
        ),
        (b"\xef\xbb\xbedata: a\n\ndata: b\n\n", [ServerSentEvent(None, "b")]),
        (b"event: tick\r\ndata: a\r\ndata: b\r\n\r\n", [ServerSentEvent("tick", "a\nb")]),
        (b"data: a\ndata\ndata: b\n\n", [ServerSentEvent(None, "a\n\nb")]),
        (b"data\n\n", [ServerSentEvent(None, "")]),
        (b"event: tick\n\ndata: a\n\n", [ServerSentEvent(None, "a")]),
        (b"event: tick\ndata: a\n\ndata: b\n\n", [ServerSentEvent("tick", "a"), ServerSentEvent(None, "b")]),
        (b"id: 1\n: ping\n\n: ping\n\ndata: a\n\n", [ServerSentEvent(None, "a", "1")]),
        (
            b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n",
            [ServerSentEvent(None, text, "1") for text in ("a", "b")],
        ),
        (b"id: 1\ndata: a\n\nid\ndata: b\n\n", [ServerSentEvent(None, "a", "1"), ServerSentEvent(None, "b")]),
        (b"retry: 010\ndata: a\n\n", [ServerSentEvent(None, "a", "", 10)]),
        (b"retry: 1.5\nretry: +1\nretry:\ndata: a\n\n", [ServerSentEvent(None, "a")]),
        (b"data: \xff\xe2\x82\n\n", [ServerSentEvent(None, "\ufffd\ufffd")]),
        ("data: a\u2028b\x85c\x0bd\n\n".encode(), [ServerSentEvent(None, "a\u2028b\x85c\x0bd")]),
        (b"data: a\n\ndata: b\n", [ServerSentEvent(None, "a")]),
        (b"data: a\n\ndata: b", [ServerSentEvent(None, "a")]),
        (b"", []),
    ],
)
def test_every_rule_is_kept_however_the_stream_is_cut(stream: bytes, events: Events) -> None:
    assert by_the_standard(stream) == events
    for place in range(len(stream) + 1):
        assert list(iter_sse([stream[:place], stream[place:]])) == events


def test_an_event_is_given_as_soon_as_its_last_byte_is_there() -> None:
    decoder = SseDecoder()
    assert list(decoder.feed(b"data: a\r")) == []
    assert list(decoder.feed(b"\r")) == [ServerSentEvent(None, "a")]
    assert list(decoder.feed(b"\n")) == []


def test_a_retry_of_any_length_is_no_error() -> None:
    (event,) = iter_sse([b"retry: " + b"0" * 9000 + b"7\nretry:" + b"9" * 5000 + b"\ndata: a\n\n"])
    assert event == ServerSentEvent(None, "a")
    (event,) = iter_sse([b"retry: " + b"0" * 9000 + b"7\ndata: a\n\n"])
    assert event.retry == 7


def test_an_event_as_large_as_may_be_is_given() -> None:
    data = b"x" * MAX_EVENT_BYTES
    chunks = [b"data: ", *(data[at : at + 65536] for at in range(0, len(data), 65536)), b"\n\n"]
    (event,) = iter_sse(chunks)
    assert len(event.data) == 16 * 1024 * 1024


@pytest.mark.parametrize(
    "stream",
    [
        b"data: 12345678901\n\n",  # a line
        b"data: 12345\ndata: 67890\n\n",  # with the line feed between them, 11 bytes
        b"data: " + b"1" * 90,  # a line that has no end
        b": " + b"1" * 90,  # not even of data
        b"data\n" * 12,  # line feeds alone
    ],
)
def test_a_larger_event_is_an_error_as_soon_as_it_is_too_large(stream: bytes) -> None:
    small = b"data: 1234567890\n\n"
    for chunks in ([small + stream], [small, *(bytes([byte]) for byte in stream)]):
        events = iter_sse(chunks, max_event_bytes=10)
        assert next(events).data == "1234567890"
        with pytest.raises(EventTooLargeError) as caught:
            next(events)
        assert caught.value.limit == 10


def test_events_of_any_number_are_within_the_limit() -> None:
    assert len(list(iter_sse([b"data: 1234567890\n\n" * 100], max_event_bytes=10))) == 100


async def test_chunks_that_are_awaited_give_the_same_events() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in (b"\xef", b"\xbb\xbfdata: a\r", b"\n\r\nid: 1\ndata:", b" b\n\n"):
            yield chunk

    expected = [ServerSentEvent(None, "a"), ServerSentEvent(None, "b", "1")]
    assert [event async for event in aiter_sse(chunks())] == expected


class Counted(bytes):
    """Bytes that count how many of them are looked at or copied, all together."""

    __slots__ = ()
    touched = 0

    @classmethod
    def of(cls, data: bytes) -> "Counted":
        cls.touched += len(data)
        return cls(data)

    def __getitem__(self, key: slice) -> "Counted":  # type: ignore[override]
        return self.of(super().__getitem__(key))

    def __add__(self, other: bytes) -> "Counted":  # type: ignore[override]
        return self.of(bytes(self) + bytes(other))

    def __radd__(self, other: bytes) -> "Counted":
        return self.of(bytes(other) + bytes(self))

    def partition(self, separator: bytes) -> "tuple[Counted, Counted, Counted]":  # type: ignore[override]
        return tuple(map(self.of, super().partition(separator)))  # type: ignore[return-value]


def work_of(decode: Callable[[Iterable[bytes]], Iterator[object]], chunks: Sequence[bytes]) -> int:
    """The lines of Python that decoding takes, and the bytes that it slices, adds and takes apart.

    Other code may run in between, such as what is called when garbage is collected: it does not count.
    """
    lines = 0
    file = sys.modules[decode.__module__].__file__

    def trace(frame: FrameType, event: str, argument: object) -> "TraceFunction | None":
        nonlocal lines
        if frame.f_code.co_filename != file:
            return None
        lines += event == "line"
        return trace

    Counted.touched = 0
    counted = [Counted(chunk) for chunk in chunks]
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for _ in decode(counted):
            pass
    finally:
        sys.settrace(before)
    return lines + Counted.touched


def one_by_one(stream: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in stream]


def in_one(stream: bytes) -> list[bytes]:
    return [stream]


@pytest.mark.parametrize("cut_up", [one_by_one, in_one])
@pytest.mark.parametrize("piece", [b"x", b"data: x\n", b"data: x\n\n", b"\r", b": ping\n\n", b"id: 1\n"])
def test_twice_the_stream_is_twice_the_work(cut_up: Callable[[bytes], list[bytes]], piece: bytes) -> None:
    once, twice = (work_of(iter_sse, cut_up(piece * number)) for number in (1000, 2000))
    assert twice <= 2.1 * once


def rescanning(chunks: Iterable[bytes]) -> Iterator[object]:
    """A decoder as many are: it adds each chunk to what it has, and looks through it from the start."""
    buffer = b""
    for chunk in chunks:
        buffer = buffer + chunk
        block, end, rest = buffer.partition(b"\n\n")
        if end:
            yield block
            buffer = rest


def test_the_measure_tells_a_decoder_that_looks_at_bytes_again() -> None:
    once, twice = (work_of(rescanning, one_by_one(b"x" * number)) for number in (1000, 2000))
    assert twice > 3 * once
