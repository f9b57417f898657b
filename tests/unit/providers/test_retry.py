import pytest

from tests.unit.providers.runtimes import Runtime

NOW = 1_792_497_600.0  # Tue, 20 Oct 2026 12:00:00 GMT


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("7", 7),
        (" 7 ", 7),
        ("1.2", 2),
        ("Tue, 20 Oct 2026 12:00:09 GMT", 9),
        ("Tue, 20 Oct 2026 11:00:00 GMT", 0),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("1e3", None),
        ("٣", None),
        ("Tue, 40 Oct 2026 12:00:09 GMT", None),
        ("2026-10-20T12:00:09Z", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: int | None, runtime: Runtime) -> None:
    assert runtime.retry_after(header, NOW) == seconds


def test_a_date_is_rounded_up_to_whole_seconds(runtime: Runtime) -> None:
    assert runtime.retry_after("Tue, 20 Oct 2026 12:00:09 GMT", NOW + 0.5) == 9


@pytest.mark.parametrize(
    ("attempt", "retry_after", "random", "wait"),
    [
        (1, None, 0.0, 0.5),
        (1, None, 1.0, 0.25),
        (2, None, 0.0, 1.0),
        (2, None, 0.5, 0.75),
        (3, None, 0.0, None),
        (1, 0, 0.0, 0),
        (2, 10, 0.0, 10),
        (1, 11, 0.0, None),
        (3, 1, 0.0, None),
    ],
)
def test_two_retries_wait_longer_each_time_or_as_long_as_the_provider_asks_up_to_ten_seconds(
    attempt: int, retry_after: int | None, random: float, wait: float | None, runtime: Runtime
) -> None:
    assert runtime.wait(attempt, retry_after, random) == wait
