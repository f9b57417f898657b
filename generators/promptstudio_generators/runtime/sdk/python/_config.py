"""What a client was given, checked once."""

import os
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from ._package import ENVIRONMENT
from ._sse import MAX_EVENT_BYTES
from .errors import ConfigurationError

DEFAULT_TIMEOUT_S: Final = 600.0
DEFAULT_CONNECT_TIMEOUT_S: Final = 10.0
DEFAULT_IDLE_TIMEOUT_S: Final = 60.0
DEFAULT_MAX_RETRIES: Final = 2

_LONGEST_S: Final = 365.0 * 24 * 60 * 60
"""No library can wait for much longer; who gives more means no limit."""

_FRAMING: Final = frozenset({"connection", "content-length", "host", "transfer-encoding"})
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e]*", re.ASCII)
_PROXY: Final = re.compile(r"(?:https?|socks5h?)://[^\s/?#]+/?", re.ASCII | re.IGNORECASE)
_BASE_URL: Final = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", re.ASCII | re.IGNORECASE)
_KEY: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)


class Timeouts(NamedTuple):
    """In seconds; None is no limit."""

    attempt: float | None = DEFAULT_TIMEOUT_S
    connect: float | None = DEFAULT_CONNECT_TIMEOUT_S
    idle: float | None = DEFAULT_IDLE_TIMEOUT_S
    deadline: float | None = None


class Config(NamedTuple):
    """What every call of a client has in common. Names of headers are in lower case."""

    base_url: str
    headers: Mapping[str, str]
    timeouts: Timeouts
    max_retries: int
    max_event_bytes: int


def configure(
    *,
    api_key: str | None,
    base_url: str | None,
    timeouts: Timeouts,
    max_retries: int,
    headers: Mapping[str, str] | None,
    max_event_bytes: int = MAX_EVENT_BYTES,
    proxy: str | None = None,
    http_client: object = None,
) -> Config:
    """The configuration, completed from the environment; raises ConfigurationError, which tells no secret."""
    _check_proxy(proxy, http_client)
    url = _given(base_url, "BASE_URL")
    if url is None:
        raise ConfigurationError(f"Say where the endpoint is: base_url=…, or {ENVIRONMENT}_BASE_URL.")
    key = _given(api_key, "API_KEY")
    own = checked_headers(headers or {})
    if key is not None:
        own["authorization"] = f"Bearer {_checked_key(key)}"
    return Config(
        _checked_url(url), own, checked_timeouts(timeouts), checked_retries(max_retries), max_event_bytes
    )


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The same headers with their names in lower case; raises ConfigurationError, which shows no value."""
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _FRAMING:
            raise ConfigurationError(
                f"There can be no header {name!r}: what frames a request is not for you."
            )
        if not _HEADER_VALUE.fullmatch(value):
            raise ConfigurationError(f"The value of the header {name} holds what is no printable ASCII.")
    return {name.lower(): value for name, value in headers.items()}


def checked_timeouts(timeouts: Timeouts) -> Timeouts:
    """The limits, those left out that are too far to matter; raises ConfigurationError."""
    for name, value in timeouts._asdict().items():
        if value is not None and not value > 0:
            raise ConfigurationError(f"The time limit {name} has to be more than 0 s, or None: {value!r}.")
    return Timeouts(*(None if value is None or value > _LONGEST_S else value for value in timeouts))


def checked_retries(number: int) -> int:
    """Raises ConfigurationError."""
    if number < 0:
        raise ConfigurationError(f"max_retries cannot be {number!r}.")
    return number


def _given(value: str | None, name: str) -> str | None:
    """The value, else that of the environment, without the white space that files of secrets end with."""
    found = os.environ.get(f"{ENVIRONMENT}_{name}") if value is None else value
    return (found or "").strip() or None


def _check_proxy(proxy: str | None, http_client: object) -> None:
    if proxy is None:
        return
    if http_client is not None:
        raise ConfigurationError("An http_client of your own has its own proxies: give it this one.")
    if not _PROXY.fullmatch(proxy):
        raise ConfigurationError("proxy has to be like http://proxy.example.com:3128.")


def _checked_url(url: str) -> str:
    if not _BASE_URL.fullmatch(url):
        # It might hold a password: what is wrong is told, and not the URL.
        raise ConfigurationError(
            "base_url has to be like https://prompts.example.com, without user, query and fragment."
        )
    return url.rstrip("/")


def _checked_key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ConfigurationError("The API key holds characters that no key has.")
    return key
