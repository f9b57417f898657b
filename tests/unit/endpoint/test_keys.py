import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.endpoint.keys import (
    PREFIX,
    KeyRecord,
    KeyRing,
    KeysError,
    checksum,
    create,
    parse_records,
    print_records,
    workspace_of,
)


def test_a_new_key_is_kept_as_its_hash_alone() -> None:
    new = create("ci", now=datetime(2026, 11, 21, 8, 30, tzinfo=UTC))
    assert new.record == KeyRecord(new.id, "ci", sha256(new.key.encode()).hexdigest(), "2026-11-21T08:30:00Z")
    assert new.key not in print_records([new.record])


def test_a_key_ends_in_the_checksum_of_what_precedes_it() -> None:
    key = create("ci").key
    assert key.startswith("ps_live_")
    assert key[-6:] == checksum(key[:-6])
    assert len(key) == 8 + 12 + 32 + 6


def test_a_key_names_its_workspace() -> None:
    key = create("ci", "AbcdefGhijk1").key
    assert key.startswith("ps_live_AbcdefGhijk1")
    assert workspace_of(PREFIX, key) == "AbcdefGhijk1"


def test_a_secret_of_another_kind_or_with_a_slip_names_no_workspace() -> None:
    key = create("ci", "AbcdefGhijk1").key
    slipped = key[:20] + ("a" if key[20] != "a" else "b") + key[21:]
    for text in ("", PREFIX, key[:-1], key + "0", slipped, key.swapcase(), f"{key}\n", key.replace("l", "ł")):
        assert workspace_of(PREFIX, text) is None
    assert workspace_of("ps_share_", key) is None


@given(st.text())
def test_no_garbage_names_a_workspace(text: str) -> None:
    assert workspace_of(PREFIX, PREFIX + text) is None


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


def test_a_key_ends_when_its_record_says_so() -> None:
    new = create("ci")
    ends = replace(new.record, expires_at="2026-11-21T08:30:00.000Z")
    end_s = datetime(2026, 11, 21, 8, 30, tzinfo=UTC).timestamp()
    assert KeyRing([ends], now=lambda: end_s - 1).holds(new.key.encode())
    assert not KeyRing([ends], now=lambda: end_s).holds(new.key.encode())


def test_members_of_a_later_version_are_passed_over() -> None:
    [row] = json.loads(print_records([create("ci").record]))
    assert parse_records(json.dumps([{**row, "scopes": ["run"]}])) == [KeyRecord(**row)]


def test_records_survive_printing() -> None:
    expiring = replace(create("three").record, expires_at="2026-11-21T08:30:00.000Z")
    records = [create("one").record, create('"two"\n').record, expiring]
    assert parse_records(print_records(records)) == records


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "{}", "[1]", '[{"hash":"ab"}]', '[{"hash":5}]', '[{"id":1,"hash":"' + "a" * 64 + '"}]'),
        *(
            '[{"expires_at":' + end + ',"hash":"' + "a" * 64 + '"}]'
            for end in ('"soon"', "1", '"2026-11-21"')
        ),
    ],
)
def test_text_that_holds_no_hashes_is_refused(text: str) -> None:
    with pytest.raises(KeysError):
        KeyRing.parse(text)


@given(st.text(min_size=20))
def test_a_text_that_is_refused_is_not_quoted(text: str) -> None:
    with pytest.raises(KeysError) as caught:
        KeyRing.parse(text)
    assert text not in str(caught.value)
