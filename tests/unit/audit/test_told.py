"""What an entry tells of a record: what differs, no secret, nothing long."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.audit.told import HIDDEN, TEXT_BYTES, WHOLE_BYTES, told
from promptstudio.values import Json

_JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)
_RECORDS = st.dictionaries(st.sampled_from("abcd"), _JSON, max_size=4)


def test_of_a_record_that_stays_only_what_differs_is_told() -> None:
    before: dict[str, Json] = {"id": "x", "role": "viewer", "tags": ["a"], "gone": 1}
    after: dict[str, Json] = {"id": "x", "role": "editor", "tags": ["a"], "new": {"a": None}}
    assert told(before, after) == ({"role": "viewer", "gone": 1}, {"role": "editor", "new": {"a": None}})


def test_a_record_that_comes_or_goes_is_told_whole() -> None:
    record: dict[str, Json] = {"id": "x", "n": 1.5}
    assert told(None, record) == (None, record)
    assert told(record, None) == (record, None)


@given(_RECORDS, _RECORDS)
def test_before_and_after_say_how_to_come_from_one_to_the_other(
    before: dict[str, Json], after: dict[str, Json]
) -> None:
    was, became = told(before, after)
    assert isinstance(was, dict)
    assert isinstance(became, dict)
    kept = {name: value for name, value in before.items() if name not in was}
    assert {**kept, **became} == after


@pytest.mark.parametrize(
    "record",
    [
        {"password_hash": "$argon2id$v=19$x"},
        {"credential": {"host": "a.example", "sealed": "v1.0123456789abcdef.x.y"}},
        {"deep": [{"secret": "s"}, {"token": "t"}]},
        {"anything": "v1.0123456789abcdef.QUJD.REVG"},
        {"note": "my key is ps_live_ABCDEFGHIJKL0123456789abcdefgh, as you know"},
        {"signing": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
        {"secrets": ["s", "t"]},
    ],
)
def test_secrets_are_hidden_by_name_and_by_look(record: dict[str, Json]) -> None:
    for shown in (*told(None, record)[1:], *told(record, None)[:1], *told({}, record)[1:]):
        text = json.dumps(shown)
        assert HIDDEN in text
        for secret in ("argon2", "v1.0", '"s"', '"t"', "ps_live_", "whsec_M"):
            assert secret not in text


def test_a_secret_that_changed_is_told_to_have_changed() -> None:
    changed = told({"password_hash": "a", "name": "Ada"}, {"password_hash": "b", "name": "Ada"})
    assert changed == ({"password_hash": HIDDEN}, {"password_hash": HIDDEN})


def test_a_long_text_is_its_hash_and_its_length() -> None:
    long = "é" * (TEXT_BYTES // 2)
    assert told(None, {"text": long})[1] == {"text": long}
    digest = hashlib.sha256(f"{long}x".encode()).hexdigest()
    assert told(None, {"text": f"{long}x"})[1] == {"text": {"bytes": TEXT_BYTES + 1, "sha256": digest}}


def test_a_record_of_many_members_is_no_more_than_its_hash() -> None:
    large: dict[str, Json] = {f"member {number}": "x" * 900 for number in range(40)}
    shown = told(None, large)[1]
    assert isinstance(shown, dict)
    assert shown.keys() == {"bytes", "sha256"}
    assert isinstance(shown["bytes"], int)
    assert shown["bytes"] > WHOLE_BYTES
