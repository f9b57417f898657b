"""When a call is sent again, and after how long."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptstudio_generators.runtime.sdk.python._retry import backoff, is_retried, retry_after

NOW = datetime(2026, 11, 6, 8, 49, 37, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("status", "retried"),
    [(status, True) for status in (408, 409, 429, 500, 501, 502, 503, 504, 529, 599)]
    + [(status, False) for status in (200, 304, 400, 401, 403, 404, 405, 410, 412, 413, 415, 418, 422)],
)
def test_only_what_may_pass_is_tried_again(status: int, retried: bool) -> None:
    assert is_retried(status, {}) is retried


@pytest.mark.parametrize("verdict", ["true", " TRUE "])
def test_the_server_may_ask_for_another_attempt(verdict: str) -> None:
    assert is_retried(400, {"x-should-retry": verdict})


@pytest.mark.parametrize("verdict", ["false", "False"])
def test_the_server_may_ask_for_none(verdict: str) -> None:
    assert not is_retried(503, {"x-should-retry": verdict})


def test_a_verdict_that_is_none_leaves_it_to_the_status() -> None:
    assert is_retried(503, {"x-should-retry": "1"})
    assert not is_retried(400, {"x-should-retry": ""})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2),
        ({"retry-after": "0"}, 0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "2e1"}, 20),
        ({"retry-after": ".5"}, 0.5),
        ({"retry-after": "9999"}, 9999),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9),
        ({"retry-after": "Fri, 06 Nov 2026 08:50:07 GMT"}, 30),
        ({"retry-after": "Friday, 06-Nov-26 08:50:07 GMT"}, 30),
        ({"retry-after": "Fri Nov  6 08:50:07 2026"}, 30),
        ({"retry-after": "Fri, 06 Nov 2026 08:49:37 GMT"}, 0),
        ({"retry-after": "Fri, 06 Nov 2026 08:49:36 GMT"}, None),
        *(
            ({"retry-after": text}, None)
            for text in ("", "-1", "+1", "nan", "inf", "Infinity", "1e999", "1_0")
        ),
        *(({"retry-after": text}, None) for text in ("١", "2, 3", "0x10", "in a while", "GMT", "1" * 65)),
        *(
            ({"retry-after": text}, None)
            for text in ("Fri, 99 Nov 2026 08:50:07 GMT", "1 Jan 99999 0:0:0 GMT")
        ),
        ({"retry-after-ms": "-1"}, None),
    ],
)
def test_each_form_of_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@given(seconds=st.integers(0, 10**7))
def test_a_date_is_as_far_as_it_is(seconds: int) -> None:
    date = format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)
    assert retry_after({"retry-after": date}, NOW) == seconds


@given(text=st.text(max_size=70))
def test_no_text_is_more_than_a_time_or_none(text: str) -> None:
    seconds = retry_after({"retry-after": text}, NOW)
    assert seconds is None or 0 <= seconds < float("inf")


@given(retries=st.integers(0, 10**6), jitter=st.floats(0, 1, exclude_max=True))
def test_waits_double_to_eight_seconds_less_up_to_a_quarter(retries: int, jitter: float) -> None:
    longest = min(0.5 * 2 ** min(retries, 10), 8)
    assert backoff(retries, jitter) == pytest.approx(longest * (1 - 0.25 * jitter))
    assert 0.75 * longest <= backoff(retries, jitter) <= longest
