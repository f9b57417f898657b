from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.endpoint.keys import (
    KeyRecord,
    KeyRing,
    KeysError,
    checksum,
    create,
    parse_records,
    print_records,
)


def test_a_new_key_is_kept_as_its_hash_alone() -> None:
    new = create("ci", now=datetime(2026, 11, 21, 8, 30, tzinfo=UTC))
    assert new.record == KeyRecord(new.id, "ci", sha256(new.key.encode()).hexdigest(), "2026-11-21T08:30:00Z")
    assert new.key not in print_records([new.record])


def test_a_key_ends_in_the_checksum_of_what_precedes_it() -> None:
    key = create("ci").key
    assert key.startswith("ps_live_")
    assert key[-6:] == checksum(key[:-6])
    assert len(key) == 8 + 32 + 6


def test_the_checksum_is_crc_32_in_base_62() -> None:
    assert checksum("") == "000000"
    assert checksum("123456789") == "3jZRME"  # 0xCBF43926, the check value of CRC-32


def test_no_two_keys_are_alike() -> None:
    assert len({create("ci").key for _ in range(100)}) == 100


def test_a_ring_holds_its_keys_and_no_others() -> None:
    one, other = create("one"), create("other")
    ring = KeyRing.parse(print_records([one.record]))
    assert ring.holds(one.key.encode())
    assert not ring.holds(other.key.encode())
    assert not ring.holds(one.key[:-1].encode())
    assert not ring.holds(one.hash.encode())


def test_a_ring_without_keys_holds_none() -> None:
    assert not KeyRing.parse("[]").holds(b"")


def test_records_survive_printing() -> None:
    records = [create("one").record, create('"two"\n').record]
    assert parse_records(print_records(records)) == records


@pytest.mark.parametrize(
    "text",
    ["", "{", "{}", "[1]", '[{"hash":"ab"}]', '[{"hash":5}]', '[{"id":1,"hash":"' + "a" * 64 + '"}]'],
)
def test_text_that_holds_no_hashes_is_refused(text: str) -> None:
    with pytest.raises(KeysError):
        KeyRing.parse(text)


@given(st.text(min_size=20))
def test_a_text_that_is_refused_is_not_quoted(text: str) -> None:
    with pytest.raises(KeysError) as caught:
        KeyRing.parse(text)
    assert text not in str(caught.value)
