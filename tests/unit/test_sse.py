import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio.sse import PING, ServerSentEvent, SseDecoder, encode

LINES = [
    *("", "data", "data:", "data: x", "data:  y", "data:é👋", "data: a: b", "data: \x00\u2028\x0b\x85"),
    *("event: a", "event:b", "event", ": note", "id: 1", "retry: 3", "datax: 1", "other", "\ufeffdata: z"),
]
lines = st.lists(st.sampled_from(LINES))
ends = st.sampled_from(["\n", "\r\n", "\r"])


def decode(data: bytes, size: int) -> list[ServerSentEvent]:
    decoder = SseDecoder()
    events: list[ServerSentEvent] = []
    for start in range(0, len(data), size):
        events += decoder.feed(data[start : start + size])
    return events


def by_the_book(data: bytes) -> list[ServerSentEvent]:
    """The WHATWG's steps, line by line, without a thought for speed."""
    text = data.decode(errors="replace").removeprefix("\ufeff")
    events, kind, buffer = [], "", ""
    for line in re.split(r"\r\n|\n|\r", text)[:-1]:
        if line == "":
            if buffer:
                events.append(ServerSentEvent(kind or None, buffer[:-1]))
            kind, buffer = "", ""
        elif not line.startswith(":"):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                kind = value
            elif field == "data":
                buffer += value + "\n"
    return events


@given(st.lists(st.tuples(lines, ends)), st.integers(1, 9))
@settings(deadline=None)
def test_the_decoder_follows_the_standard_however_the_bytes_are_cut(
    blocks: list[tuple[list[str], str]], size: int
) -> None:
    data = "".join(line + end for block, end in blocks for line in block).encode()
    assert decode(data, size) == by_the_book(data)


@given(st.binary(), st.integers(1, 5))
@settings(deadline=None)
def test_any_bytes_are_decoded_alike(data: bytes, size: int) -> None:
    assert decode(data, size) == by_the_book(data)


@given(
    st.lists(st.sampled_from([b"\xf0", b"\x9f\x91\x8b", b"\xc3", b"data: ", b"\n", b"\r", b"\xef\xbb\xbf"]))
)
def test_broken_utf8_becomes_replacement_characters(pieces: list[bytes]) -> None:
    data = b"data: " + b"".join(pieces) + b"\n\n"
    assert decode(data, 1) == by_the_book(data)


@pytest.mark.parametrize("end", ["\n\n", "\r\r", "\r\n\r\n"])
def test_an_event_is_told_with_its_last_byte(end: str) -> None:
    whole = f"event: delta\ndata: x{end}".encode().removesuffix(b"\n" if end == "\r\n\r\n" else b"")
    decoder = SseDecoder()
    assert decoder.feed(whole[:-1]) == []
    assert decoder.feed(whole[-1:]) == [ServerSentEvent("delta", "x")]


def test_a_frame_is_read_back() -> None:
    frame = encode("done", b'{"a":"\xc3\xa9"}')
    assert frame == b'event: done\ndata: {"a":"\xc3\xa9"}\n\n'
    assert SseDecoder().feed(PING + frame) == [ServerSentEvent("done", '{"a":"é"}')]


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"data: [DONE]\n", [ServerSentEvent(None, "[DONE]")]),
        (b"data: [DONE]", []),
        (b"event: a\n", []),
        (b"data: a\n\n", []),
    ],
)
def test_at_the_end_only_a_blank_line_may_be_missing(data: bytes, events: list[ServerSentEvent]) -> None:
    decoder = SseDecoder()
    decoder.feed(data)
    assert decoder.finish() == events


def test_a_line_in_very_many_pieces_is_put_together_in_time() -> None:
    decoder = SseDecoder()
    for _ in range(200_000):
        decoder.feed(b"data: xx")
    assert len(decoder.feed(b"\n\n")[0].data) == 200_000 * 8 - 6
