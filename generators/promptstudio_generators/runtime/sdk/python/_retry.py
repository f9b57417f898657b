"""When a call is sent again, and after how long. Pure: the time and the jitter are given."""

import math
import re
from collections.abc import Mapping
from typing import Final

LONGEST_WAIT_S: Final = 120.0
"""A longer wait is for the caller to decide on: the error tells it as `retry_after`."""

_FIRST_S: Final = 0.5
_LAST_S: Final = 8.0
_JITTER: Final = 0.25
_RETRIED: Final = frozenset({408, 409, 429})
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+", re.ASCII)


def is_retried(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer with this status may be followed by another attempt."""
    verdict = headers.get("x-should-retry", "").strip().lower()
    if verdict in ("true", "false"):
        return verdict == "true"
    return status in _RETRIED or status >= 500


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that an answer asks to wait, from `retry-after-ms` or `Retry-After`; `now` is Unix time.

    None where it does not ask, or in no form that there is, or for a moment that is past.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    written = headers.get("retry-after")
    seconds = _number(written)
    return _until(written, now) if seconds is None else seconds


def backoff(retries: int, jitter: float) -> float:
    """The seconds to wait after so many retries. `jitter` is from 0 up to 1."""
    longest = min(_FIRST_S * 2.0 ** min(retries, 16), _LAST_S)
    return longest * (1 - _JITTER * jitter)


def _number(text: str | None) -> float | None:
    stripped = (text or "").strip()
    if len(stripped) > 64 or not _NUMBER.fullmatch(stripped):
        return None
    number = float(stripped)
    return number if math.isfinite(number) else None


def _until(text: str | None, now: float) -> float | None:
    """The seconds to an HTTP-date (RFC 9110, section 5.6.7)."""
    if not text or not text.isascii() or len(text) > 64:
        return None
    from datetime import timezone
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
        # A date without a zone is meant in GMT, and so is `datetime` to be told.
        aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        seconds = aware.timestamp() - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return seconds if seconds >= 0 else None
