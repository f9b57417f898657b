"""Who may call: holders of an API key, or, where there are no keys, this machine itself."""

from collections.abc import Mapping
from typing import Final

from promptstudio.endpoint.keys import Keys
from promptstudio.errors import AppError

_OWN_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


def authorize(keys: Keys | None, headers: Mapping[bytes, bytes]) -> None:
    """Let a request with these headers pass, or raise AppError key_missing, key_invalid or host_not_allowed.

    Without keys, a request has to be addressed to this machine's own name: a web page can make a browser
    call 127.0.0.1 under a name of the page's choosing, but not under that one.
    """
    if keys is None:
        if _host(headers) not in _OWN_NAMES:
            raise AppError("host_not_allowed")
        return
    key = presented_key(headers)
    if key is None:
        raise AppError("key_missing")
    if not keys.holds(key):
        raise AppError("key_invalid")


def presented_key(headers: Mapping[bytes, bytes]) -> bytes | None:
    """The API key that a request brings, None where it brings none."""
    authorization = headers.get(b"authorization", b"")
    key = authorization[7:].strip()
    return key if key and authorization[:7].lower() == b"bearer " else None


def _host(headers: Mapping[bytes, bytes]) -> str:
    """The Host header's name, without its port."""
    host = headers.get(b"host", b"").decode("latin-1").lower()
    name, _, port = host.rpartition(":")
    return name if port.isdecimal() else host
