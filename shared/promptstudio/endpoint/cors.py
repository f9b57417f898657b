"""Cross-origin answers: which headers let a configured origin's pages call an endpoint."""

from collections.abc import Collection, Mapping

from promptstudio.endpoint.exchange import Header

_ANY = "*"
_VARY: Header = (b"vary", b"Origin")
# The wildcard covers every header but Authorization, which has to be named.
_REQUEST_HEADERS: Header = (b"access-control-allow-headers", b"Authorization, *")
_ANSWER_HEADERS = "X-Request-Id, Retry-After, Server-Timing, RateLimit, RateLimit-Policy"
_MAX_AGE: Header = (b"access-control-max-age", b"86400")


def cors_headers(
    headers: Mapping[bytes, bytes], origins: Collection[str], shown: str = _ANSWER_HEADERS
) -> tuple[Header, ...]:
    """The headers of an answer to a request with these headers; none where no origin is configured.

    `shown` are the answer's headers that pages may read.
    """
    if not origins:
        return ()
    origin = headers.get(b"origin")
    if origin is None or not _allowed(origin, origins):
        return (_VARY,)
    return (
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", shown.encode()),
        _VARY,
    )


def is_preflight(method: str, headers: Mapping[bytes, bytes], origins: Collection[str]) -> bool:
    """Whether this asks for leave to send what follows, from an origin that has it."""
    origin = headers.get(b"origin")
    asks = method == "OPTIONS" and b"access-control-request-method" in headers
    return asks and origin is not None and _allowed(origin, origins)


def preflight_headers(method: str) -> tuple[Header, ...]:
    """What a preflight is told beside cors_headers: `method` is what the path answers."""
    return ((b"access-control-allow-methods", method.encode()), _REQUEST_HEADERS, _MAX_AGE)


def _allowed(origin: bytes, origins: Collection[str]) -> bool:
    return _ANY in origins or origin.decode("latin-1") in origins
