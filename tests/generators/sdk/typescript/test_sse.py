"""`iterSSE` against the standard's words, written down once more in the plainest way."""

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generators.sdk.typescript.hosts import HERE, driven

Events = list[dict[str, object]]
Read = Callable[..., dict[str, Any]]

PIECES: Final = (
    *(b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n", b":", b": ", b" ", b"\0", b"\t"),
    *(
        b"data",
        b"data:",
        b"data: ",
        b"data:  x",
        b"data: a\n\n",
        b"data\n\n",
        b"dat",
        b"data : x",
        b"DATA: x",
    ),
    *(b"event:", b"event: tick", b"event\n", b"id:", b"id: 1", b"id", b"id: a\0b", b"retry:", b"retry: 10"),
    *(
        b"retry: 1e3",
        b"retry: -1",
        b"retry: \xd9\xa1",
        b": comment\n",
        b"other: x\n",
        b"\xef\xbb\xbf",
        b"\xef\xbb",
    ),
    *(
        b"\xff",
        b"\xc3",
        b"\xc3\xa9",
        b"\xe2\x82",
        b"\xe2\x82\xac",
        b"\xf0\x9f\x8c\x8d",
        b"\xf0\x9f",
        b"\xed\xa0\x80",
    ),
    *("\u2028".encode(), "\x85".encode(), b"\x0b", b"\x0c"),
)
streams = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=24).map(b"".join)

CORPUS: Final = {
    "a byte order mark": b"\xef\xbb\xbfdata: a\n\n",
    "one byte order mark of two": b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n",
    "a byte order mark that is not at the start": b"data: a\n\n\xef\xbb\xbfdata: b\ndata: c\n\n",
    "every line end": b"data: a\rdata: b\r\ndata: c\n\rdata: d\r\n\r\n",
    "several lines of data": b"data: a\ndata\ndata:  b\ndata:\n\n",
    "a comment after an id": b"id: 1\n\n: ping\n\ndata: a\n\n",
    "an id that stays, and one that ends": b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
    "an id with NUL": b"id: 1\0\ndata: a\n\n",
    "a retry for its own event": b"retry: 10\ndata: a\n\ndata: b\n\nretry: x\ndata: c\n\n",
    "a type for its own block": b"event: x\n\ndata: a\n\nevent: y\ndata: b\n\n",
    "bytes that are no UTF-8": b"data: \xff\xc3\n\nevent: \xe2\x82\ndata: \xf0\x9f\x8c\n\n",
    "characters of several bytes": "event: é\ndata: €🌍\nid: 日\n\n".encode(),
    "other line ends of Unicode": "data: a\u2028b\x85c\x0bd\x0ce\n\n".encode(),
    "an unfinished block": b"data: a\n\ndata: b\n",
    "an unfinished line": b"data: a\n\ndata: b",
    "nothing": b"",
}


def by_the_standard(stream: bytes) -> Events:
    """The events, by https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream."""
    lines = re.split("\r\n|\n|\r", stream.decode("utf-8", "replace").removeprefix("\ufeff"))
    events: Events = []
    data, event, id_, retry = "", "", "", None
    for line in lines[:-1]:  # the last one has no end
        if not line:
            if data:
                events.append({"event": event or None, "data": data[:-1], "id": id_, "retry": retry})
            data, event, retry = "", "", None
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data += value + "\n"
        elif field == "event":
            event = value
        elif field == "id" and "\0" not in value:
            id_ = value
        elif field == "retry" and re.fullmatch("[0-9]+", value):
            retry = int(value)
    return events


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    """What iterSSE makes of chunks."""
    with driven(["node", str(HERE / "sse_driver.mjs")]) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def ask(chunks: Sequence[bytes], **options: int) -> dict[str, Any]:
            encoded = [base64.b64encode(chunk).decode() for chunk in chunks]
            stdin.write(json.dumps({"chunks": encoded, **options}) + "\n")
            stdin.flush()
            answer: dict[str, Any] = json.loads(stdout.readline())
            return answer

        yield ask


@pytest.mark.needs("node")
@pytest.mark.parametrize("stream", CORPUS.values(), ids=CORPUS.keys())
def test_every_split_of_a_stream_gives_the_events_of_the_standard(read: Read, stream: bytes) -> None:
    expected = {"events": by_the_standard(stream)}
    for at in range(len(stream) + 1):
        assert read([stream[:at], stream[at:]]) == expected
    assert read([stream[at : at + 1] for at in range(len(stream))]) == expected
    assert read([piece for at in range(len(stream)) for piece in (b"", stream[at : at + 1])]) == expected


@pytest.mark.needs("node")
@settings(deadline=None, max_examples=400)
@given(stream=streams, cuts=st.lists(st.integers(0, 200), max_size=12))
def test_any_bytes_in_any_pieces_give_the_events_of_the_standard(
    read: Read, stream: bytes, cuts: list[int]
) -> None:
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(places)]
    expected = {"events": by_the_standard(stream)}
    assert read(chunks) == expected
    assert read([stream[at : at + 1] for at in range(len(stream))]) == expected


@pytest.mark.needs("node")
@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    limit=st.integers(1, 60),
    step=st.integers(1, 9),
)
def test_an_event_has_so_many_bytes_of_data_and_no_more(
    read: Read, sizes: list[int], limit: int, step: int
) -> None:
    stream = b"data: first\n\n" + b"".join(b"data: %b\n" % ("é" * size).encode() for size in sizes) + b"\n"
    chunks = [stream[at : at + step] for at in range(0, len(stream), step)]
    given_ = read(chunks, maxEventBytes=limit)
    first, *others = by_the_standard(stream)
    if limit < len("first"):
        assert given_ == {"events": [], "error": "EventTooLargeError"}
    elif sum(2 * size for size in sizes) + len(sizes) - 1 > limit:
        assert given_ == {"events": [first], "error": "EventTooLargeError"}
    else:
        assert given_ == {"events": [first, *others]}


@pytest.mark.needs("node")
@pytest.mark.parametrize("line", [b"x" * 40, b": " + b"x" * 40, b"id: " + b"x" * 40])
def test_no_line_is_kept_that_is_longer_than_an_event_may_be(read: Read, line: bytes) -> None:
    for chunks in ([line], [line, b"\n"], [line[at : at + 1] for at in range(len(line))]):
        assert read(chunks, maxEventBytes=20) == {"events": [], "error": "EventTooLargeError"}
