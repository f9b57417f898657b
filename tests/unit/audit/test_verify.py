"""Verification of exports: whatever was done to one is named at its first place, with the log's key or, as
far as hashes can tell, without."""

import random
from itertools import cycle, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio.audit.chain import START, Head, head_line
from promptstudio.audit.verify import Fault, verify
from tests.unit.audit.exports import AT, KEY, KINDS, WORKSPACE, export, log, tampered

ENTRIES = 25


def test_an_export_as_it_was_written_is_good_with_the_key_and_without() -> None:
    for entries in (0, 1, 2, ENTRIES):
        lines, (_, head) = export(entries), log(entries)
        for key in (KEY, None):
            verdict = verify(lines, key=key, workspace=WORKSPACE, head=head)
            assert verdict.finding is None
            assert verdict.head == head


def test_a_thousand_of_a_thousand_random_tamperings_are_named() -> None:
    """The issue's promise: each at the very line where the export first differs."""
    chance, lines = random.Random(20261124), export(ENTRIES)
    named = 0
    for kind in islice(cycle(KINDS), 1000):
        done = tampered(lines, kind, chance)
        finding = verify(done.lines, key=KEY, workspace=WORKSPACE).finding
        assert finding is not None, done.kind
        assert finding.line == done.first, (done.kind, str(finding))
        assert finding.seq in (None, done.first), (done.kind, str(finding))
        named += 1
    assert named == 1000


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.integers(1, 40), st.randoms(use_true_random=False))
def test_a_tampering_of_any_log_is_named_at_its_first_line(
    kind: str, entries: int, chance: random.Random
) -> None:
    done = tampered(export(entries), kind, chance)
    finding = verify(done.lines, key=KEY, workspace=WORKSPACE).finding
    assert finding is not None
    assert finding.line == done.first
    assert finding.seq in (None, done.first)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.integers(2, 40), st.randoms(use_true_random=False))
def test_without_the_key_a_noted_head_tells_of_every_tampering_with_entries(
    kind: str, entries: int, chance: random.Random
) -> None:
    lines, head = export(entries), log(entries)[1]
    done = tampered(lines, kind, chance)
    verdict = verify(done.lines, key=None, head=head)
    if verdict.finding is None:  # only the line at the end is another one, which without its key says nothing
        assert done.lines[:entries] == lines[:entries]
        assert verdict.head == head
    else:
        assert verdict.finding.line >= 1


def test_each_fault_has_its_name() -> None:
    lines = export(6)
    changed = lines[2].replace(b"Ada", b"Bob")
    named = {
        "altered": [*lines[:2], changed, *lines[3:]],
        "missing": [*lines[:2], *lines[3:]],
        "reordered": [*lines[:2], lines[3], lines[2], *lines[4:]],
        "cut off": lines[:2],
    }
    for key in (KEY, None):
        for name, wrong in named.items():
            finding = verify(wrong, key=key).finding
            assert finding is not None
            assert (finding.fault, finding.seq, finding.line) == (Fault(name), 3, 3)
            assert str(finding).startswith(f"Entry 3 is {name} (line 3): ")


@pytest.mark.parametrize("key", [KEY, None])
@pytest.mark.parametrize("head", [Head(4, "f" * 64), Head(2, "f" * 64), log(2)[1], START])
def test_a_head_before_the_beginning_is_refused_as_nothing_can_tell_of_it(
    key: bytes | None, head: Head
) -> None:
    lines, (_, after) = export(6)[4:], log(4)
    with pytest.raises(ValueError, match=f"begins behind {head}"):
        verify(lines, key=key, after=after, head=head)
    assert verify(lines, key=key, after=after, head=after).finding is None


def test_entries_that_are_cut_off_before_the_end_are_told_by_the_line_that_ends_it() -> None:
    lines = export(6)
    finding = verify([*lines[:4], lines[-1]], key=KEY).finding
    assert finding is not None
    assert (finding.fault, finding.seq, finding.said) == (Fault.cut_off, 5, "the log went on to entry 6")


def test_an_earlier_export_in_the_place_of_this_one_takes_a_noted_head_to_be_told() -> None:
    earlier, noted = export(4), log(6)[1]
    assert verify(earlier, key=KEY).finding is None
    finding = verify(earlier, key=KEY, head=noted).finding
    assert finding is not None
    assert (finding.fault, finding.seq, finding.said) == (Fault.cut_off, 5, "entry 6 was noted as the last")


def test_a_head_that_was_noted_some_time_ago_is_in_a_longer_export() -> None:
    assert verify(export(9), key=KEY, head=log(4)[1]).finding is None
    finding = verify(export(9), key=KEY, head=Head(4, "0" * 64)).finding
    assert finding is not None
    assert (finding.fault, finding.seq) == (Fault.altered, 4)


def test_a_log_that_was_written_anew_with_its_hashes_is_told_by_key_or_noted_head() -> None:
    forged, head = export(6, key=b"f" * 32), log(6)[1]
    assert verify(forged, key=None).finding is None
    for key, noted in ((KEY, None), (None, head)):
        assert verify(forged, key=key, head=noted).finding is not None


def test_another_workspaces_export_is_not_this_ones() -> None:
    finding = verify(export(3, workspace="ws_BA9876543210"), key=None, workspace=WORKSPACE).finding
    assert finding is not None
    assert (finding.fault, finding.seq) == (Fault.altered, 1)
    assert "ws_BA9876543210" in finding.said


def test_an_export_goes_on_behind_the_head_that_is_named() -> None:
    lines, (_, head) = export(6), log(4)
    assert verify(lines[4:], key=KEY, after=head).finding is None
    for wrong in (START, log(3)[1], Head(4, "f" * 64)):
        assert verify(lines[4:], key=KEY, after=wrong).finding is not None


def test_the_line_at_the_end_is_no_entrys_and_an_entry_is_no_end() -> None:
    _, head = log(3)
    for line in (head_line(b"f" * 32, WORKSPACE, head, AT), head_line(KEY, WORKSPACE, START, AT)):
        finding = verify([*export(3)[:3], line.encode()], key=KEY).finding
        assert finding is not None
        assert (finding.fault, finding.seq, finding.line) == (Fault.altered, None, 4)
        assert str(finding).startswith("The line that ends the export is altered (line 4)")


@pytest.mark.parametrize(
    "text", ["", "1", "1:", "x:" + "0" * 64, "1:" + "0" * 63, "1:" + "G" * 64, "²:" + "0" * 64]
)
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no head of an audit log"):
        Head.parse(text)


def test_a_head_is_read_as_it_is_written() -> None:
    head = log(3)[1]
    assert Head.parse(f" {head}\n") == head
