"""What is logged: the course of calls, under the package's name. Never a body, and of headers only values
that are known to be no secrets."""

import logging
from collections.abc import Mapping
from typing import Final

from ._package import NAME

LOGGER: Final = logging.getLogger(NAME)
LOGGER.addHandler(logging.NullHandler())

_SHOWN: Final = frozenset(
    {
        "accept",
        "content-length",
        "content-type",
        "date",
        "idempotency-key",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "retry-after-ms",
        "server",
        "server-timing",
        "user-agent",
        "x-request-id",
        "x-should-retry",
    }
)


def log_request(url: str, headers: Mapping[str, str], attempt: int) -> None:
    """An attempt begins."""
    if LOGGER.isEnabledFor(logging.DEBUG):
        LOGGER.debug("POST %s, attempt %d, %s", url, attempt, _shown(headers))


def log_response(url: str, status: int, headers: Mapping[str, str]) -> None:
    """The headers of an answer are there."""
    if LOGGER.isEnabledFor(logging.DEBUG):
        LOGGER.debug("%d from %s, %s", status, url, _shown(headers))


def _shown(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers as a log may have them."""
    return {name: value if name.lower() in _SHOWN else "(not logged)" for name, value in headers.items()}
