"""When to ask a provider again, and how long to wait before."""

import calendar
import math
import re
import time
from typing import Final

from promptstudio.errors import BOUNDS

ATTEMPTS: Final = BOUNDS["provider_attempts"]
PATIENCE_S: Final = BOUNDS["provider_retry_after_s"]

_BACKOFF_S: Final = BOUNDS["provider_backoff_ms"] / 1000
_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_HTTP_DATE: Final = "%a, %d %b %Y %H:%M:%S GMT"  # RFC 9110, 5.6.7


def retry_after_s(header: str | None, now: float) -> int | None:
    """The whole seconds that a Retry-After header asks for, None where it says nothing readable.

    `now` is in seconds since 1970. Fractions, which some providers send, are rounded up.
    """
    if header is None:
        return None
    header = header.strip()
    if _SECONDS.fullmatch(header):
        return math.ceil(float(header))
    try:
        due = calendar.timegm(time.strptime(header, _HTTP_DATE))
    except ValueError:
        return None
    return max(math.ceil(due - now), 0)


def wait_s(attempt: int, retry_after: int | None, random: float) -> float | None:
    """How long to wait after a failed attempt (from 1); None: ask no more.

    Without a Retry-After the wait doubles, and up to a half of it is left to chance (0 to 1).
    """
    if attempt >= ATTEMPTS or (retry_after is not None and retry_after > PATIENCE_S):
        return None
    if retry_after is not None:
        return retry_after
    return float(_BACKOFF_S * 2 ** (attempt - 1) * (1 - random / 2))
