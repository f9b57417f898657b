"""Spans of time as people write them: 90s, 45m, 12h, 30d."""

import re
from typing import Final

from promptstudio_cli.errors import UsageError

_SPAN: Final = re.compile(r"(\d{1,6})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600}


def read_span(text: str) -> int:
    """A span in seconds; raises UsageError."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f'"{text}" is no span of time.', "Write a number and s, m, h or d, such as 12h or 30d."
        )
    return int(found[1]) * _SECONDS[found[2]]
