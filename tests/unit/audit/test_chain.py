"""The lines of the audit log: one spelling, one key for each workspace, and nothing else reads as one."""

import json

from hypothesis import given
from hypothesis import strategies as st

from promptstudio.audit.chain import (
    LINE_BYTES,
    START,
    EntryLine,
    HeadLine,
    entry_line,
    head_line,
    read_line,
    workspace_key,
)
from promptstudio.values import Json
from tests.unit.audit.exports import AT, KEY, WORKSPACE, members

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
_NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
_VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_whatever_an_entry_tells_its_line_is_read_as_genuine(told: Json) -> None:
    line, head = entry_line(KEY, START, {**members(1), "after": told})
    read = read_line(line.encode())
    assert isinstance(read, EntryLine)
    assert (read.seq, read.hash, read.previous) == (1, head.hash, START.hash)
    assert read.is_genuine(KEY)
    assert not read.is_genuine(workspace_key(b"s" * 32, "ws_BA9876543210"))


def test_a_line_goes_on_from_the_one_before() -> None:
    _, first = entry_line(KEY, START, members(1))
    line, second = entry_line(KEY, first, members(2))
    assert (json.loads(line)["previous"], json.loads(line)["seq"]) == (first.hash, 2)
    assert second.seq == 2
    assert second.hash != first.hash


def test_the_key_of_a_workspace_is_the_same_each_time_and_nobody_elses() -> None:
    assert workspace_key(b"s" * 32, WORKSPACE) == KEY
    others = {workspace_key(b"s" * 32, "ws_other"), workspace_key(b"t" * 32, WORKSPACE), b"s" * 32}
    assert KEY not in others
    assert len(KEY) == 32


def test_an_entrys_mac_is_no_heads() -> None:
    line = head_line(KEY, WORKSPACE, START, AT).encode()
    read = read_line(line)
    assert isinstance(read, HeadLine)
    assert read.is_genuine(KEY)
    signed, _ = entry_line(KEY, START, {"workspace": WORKSPACE, "head": {"at": AT}})
    assert not isinstance(read_line(signed.encode()), EntryLine)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_garbage_is_no_line(garbage: bytes) -> None:
    assert read_line(garbage) is None


def test_a_line_too_long_for_us_to_have_written_is_none() -> None:
    line, _ = entry_line(KEY, START, {**members(1), "after": "x" * LINE_BYTES})
    assert read_line(line.encode()) is None


def test_numbers_in_the_wrong_places_are_no_line() -> None:
    line, _ = entry_line(KEY, START, members(1))
    entry = json.loads(line)
    for seq in (True, 0, -1, 1.5, "1", None):
        wrong = json.dumps({**entry, "seq": seq}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert read_line(wrong.encode()) is None
