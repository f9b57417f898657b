"""The masks: ids, hashes and times are blanked, and nothing else is."""

import pytest

from tests.conformance.client import Received
from tests.conformance.masks import Masks

RATE_LIMIT = '"key-minute";r=0;t=42, "prompt-day";r=9;t=3600'


def test_ids_hashes_and_times_are_masked_and_nothing_else_is() -> None:
    data = b'"req_0123456789abcdef01234567" resp_ab sha256:' + b"0" * 64 + b' "created_at":17 dur=3.5 "at":17'
    assert Masks().body(data) == b'"req_*" resp_ab sha256:* "created_at":0 dur=* "at":17'
    assert Masks().body(b'{"status":"exact","age_s":12}') == b'{"status":"exact","age_s":0}'
    assert Masks().body(b"t=5, in 5 seconds") == b"t=5, in 5 seconds"


def test_ids_of_one_kind_are_numbered_as_they_come_and_stay_the_same() -> None:
    first, second = b"run_" + b"1" * 24, b"run_" + b"2" * 24
    masks = Masks()
    assert masks.body(first) == b"run_*"
    assert masks.body(second + b" " + first) == b"run_*2 run_*"
    assert masks.body(b"resp_" + b"1" * 24 + b" msg_" + b"1" * 24) == b"resp_* msg_*"
    assert masks.body(b"run_" + b"3" * 24) == b"run_*3"
    assert masks.body(b"req_" + b"1" * 24 + b" req_" + b"2" * 24) == b"req_* req_*"


def refused(retry_after: str, said: str = "42", rate_limit: str = RATE_LIMIT) -> dict[str, str]:
    body = b"No more than 1 runs per minute. Try again in %b seconds." % said.encode()
    return Masks().headers(Received(429, {"retry-after": retry_after, "ratelimit": rate_limit}, body))


def test_how_long_a_limit_is_to_be_waited_for_is_masked() -> None:
    assert refused("42") == {"retry-after": "*", "ratelimit": '"key-minute";r=0;t=*, "prompt-day";r=9;t=*'}
    assert Masks().body(b"Try again in 42 seconds.") == b"Try again in * seconds."


@pytest.mark.parametrize(
    ("retry_after", "said", "rate_limit"),
    [("41", "42", RATE_LIMIT), ("42", "41", RATE_LIMIT), ("7", "7", RATE_LIMIT), ("0", "0", '"a";r=0;t=0')],
)
def test_a_wait_that_is_told_in_two_ways_or_is_none_is_not_masked(
    retry_after: str, said: str, rate_limit: str
) -> None:
    assert refused(retry_after, said, rate_limit)["retry-after"] == retry_after


def test_a_window_that_ends_at_once_is_not_masked() -> None:
    assert Masks().headers(Received(200, {"ratelimit": '"a";r=0;t=0'}, b""))["ratelimit"] == '"a";r=0;t=0'


def test_another_wait_is_not_masked() -> None:
    assert Masks().headers(Received(409, {"retry-after": "1"}, b"{}"))["retry-after"] == "1"
