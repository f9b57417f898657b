"""What every answer of the platform's API wears: an id, security headers, CORS for configured origins."""

import os
from collections.abc import Awaitable, Callable, Collection
from typing import Final, TypeAlias

from promptstudio.endpoint.cors import cors_headers, is_preflight, preflight_headers
from promptstudio.endpoint.exchange import Header, Message, Receive, Scope, Send

_Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
_SHOWN: Final = "ETag, X-Request-Id, Retry-After"
_SECURITY: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_HTTPS_ONLY: Final[Header] = (b"strict-transport-security", b"max-age=31536000")


class Dressing:
    """An ASGI application around another. Other origins get in with an API key alone: no answer lets a
    browser send them a session's cookie."""

    def __init__(self, app: _Application, cors_origins: Collection[str]) -> None:
        self._app = app
        self._origins = cors_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = "req_" + os.urandom(12).hex()
        scope.setdefault("state", {})["id"] = request_id
        sent = dict(scope["headers"])
        extra: list[Header] = [*_SECURITY, (b"x-request-id", request_id.encode())]
        extra += cors_headers(sent, self._origins, _SHOWN)
        if scope["scheme"] == "https":
            extra.append(_HTTPS_ONLY)
        if is_preflight(scope["method"], sent, self._origins):
            headers = [*preflight_headers(_METHODS), *extra]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                added = [header for header in extra if header[0] not in own]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self._app(scope, receive, dressed)
