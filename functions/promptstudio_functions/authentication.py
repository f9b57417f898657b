"""Who sends a request: the holder of an API key, or a member with a session."""

import hmac
from collections.abc import Mapping
from typing import Final

from starlette.requests import cookie_parser

from promptstudio.access.principal import Principal
from promptstudio.platform_errors import PlatformError
from promptstudio_functions.services import Services

SESSION_COOKIE: Final = "ps_session"
CSRF_HEADER: Final = "X-CSRF-Token"

_SAFE: Final = frozenset({"GET", "HEAD"})
_BEARER: Final = b"bearer "


async def authenticate(app: Services, method: str, headers: Mapping[bytes, bytes]) -> Principal | None:
    """The sender of these headers, None where they bring neither key nor session.

    A key that is sent counts, whatever cookies come along. A session changes things only with its CSRF
    token and from a page of ours. Raises PlatformError key_invalid, origin_not_allowed or csrf.
    """
    authorization = headers.get(b"authorization")
    if authorization is not None:
        return await _key_holder(app, authorization)
    return await member(app, method, headers)


async def member(app: Services, method: str, headers: Mapping[bytes, bytes]) -> Principal | None:
    """The member whose session's cookie is among these headers; raises as `authenticate` does."""
    token = cookie_parser(headers.get(b"cookie", b"").decode("latin-1")).get(SESSION_COOKIE)
    found = await app.sessions.principal(token) if token else None
    if found is not None and method not in _SAFE:
        _require_own_page(app, found, headers)
    return found


async def _key_holder(app: Services, authorization: bytes) -> Principal:
    key = authorization[len(_BEARER) :].strip()
    found = await app.keys.principal(key) if authorization[: len(_BEARER)].lower() == _BEARER else None
    if found is None:
        raise PlatformError("key_invalid")
    return found


def _require_own_page(app: Services, found: Principal, headers: Mapping[bytes, bytes]) -> None:
    """Browsers say which origin a request comes from, and no page can make them lie."""
    origin = headers.get(b"origin")
    if origin is not None and origin.decode("latin-1") != app.settings.public_url:
        _, _, authority = origin.partition(b"://")
        if authority != headers.get(b"host"):
            raise PlatformError("origin_not_allowed")
    sent = headers.get(CSRF_HEADER.lower().encode(), b"")
    if not hmac.compare_digest(sent, app.sessions.csrf(found.session or "").encode()):
        raise PlatformError("csrf")
