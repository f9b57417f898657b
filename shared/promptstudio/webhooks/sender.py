"""The only place that calls people's webhooks: one POST, guarded and bounded, whose outcome is an Attempt."""

import time
from collections.abc import Mapping
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver

from promptstudio.outbound import Guard
from promptstudio.platform_errors import PlatformError
from promptstudio.times import rfc3339
from promptstudio.webhooks.records import Attempt

TIMEOUT_S: Final = 15.0
BODY_BYTES: Final = 1000

_HEADERS: Final = {
    "Content-Type": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "promptstudio",
}


class Sender:
    """Sends to where `guard` lets it. `timeout_s` bounds each request as a whole."""

    def __init__(
        self, guard: Guard, *, timeout_s: float = TIMEOUT_S, resolver: AbstractResolver | None = None
    ) -> None:
        self._guard = guard
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def send(self, url: str, headers: Mapping[str, str], body: bytes, now: float) -> Attempt:
        """What came of one request at `now`: never an error. Redirects are answers, and not followed."""
        began = time.monotonic()
        status, error, said = await self._post(url, headers, body)
        took_ms = int((time.monotonic() - began) * 1000)
        return Attempt(at=rfc3339(now), status=status, error=error, duration_ms=took_ms, body=said)

    async def close(self) -> None:
        """Let connections go."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(
        self, text: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int | None, str | None, str]:
        try:
            url = self._guard.check(text)
        except PlatformError as refused:
            return None, refused.detail, ""
        try:
            async with self._connected().post(
                url, data=body, headers={**_HEADERS, **headers}, timeout=self._timeout, allow_redirects=False
            ) as response:
                return response.status, None, await _said(response)
        except TimeoutError:
            return None, "No answer in time.", ""
        except (aiohttp.ClientError, OSError) as error:
            refusal = self._guard.refusal(url, error)
            return None, "The connection failed." if refusal is None else refusal.detail, ""

    def _connected(self) -> aiohttp.ClientSession:
        """The session, made late because it belongs to the running event loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    force_close=True,  # a receiver may go away between two events
                    socket_factory=self._guard.open_socket,
                    resolver=self._resolver,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session


async def _said(response: aiohttp.ClientResponse) -> str:
    """The beginning of a body. The status was the answer: one that does not come changes nothing of it."""
    try:
        return (await response.content.read(BODY_BYTES)).decode(errors="replace")
    except (TimeoutError, aiohttp.ClientError, OSError):
        return ""
