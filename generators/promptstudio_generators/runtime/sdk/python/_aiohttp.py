"""aiohttp under the asynchronous client. It is imported with the first call."""

import asyncio
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ._loops import PerLoop
from ._time_limit import time_limit
from ._transport import Request, TransportError, TransportTimeoutError

if TYPE_CHECKING:
    import aiohttp


class AiohttpResponse:
    """An answer of aiohttp."""

    __slots__ = ("_response", "headers")

    def __init__(self, response: "aiohttp.ClientResponse") -> None:
        self._response = response
        self.headers: Mapping[str, str] = {
            name.lower(): ", ".join(response.headers.getall(name)) for name in response.headers
        }

    @property
    def status(self) -> int:
        return self._response.status

    async def chunk(self, within: float | None) -> bytes:
        with _as_transport_errors("The answer did not go on in time."):
            async with time_limit(within):
                return await self._response.content.readany()

    async def aclose(self) -> None:
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


class AiohttpTransport:
    """Sends requests through a session that was given, which stays open, or one for each event loop."""

    __slots__ = ("_given", "_own", "_proxy")

    def __init__(self, given: "aiohttp.ClientSession | None", proxy: str | None) -> None:
        self._given = given
        self._proxy = proxy
        self._own = PerLoop(_open)

    async def send(self, request: Request, *, connect: float | None, within: float | None) -> AiohttpResponse:
        import aiohttp

        session = self._own.get() if self._given is None else self._given
        with _as_transport_errors("The endpoint did not answer in time."):
            async with time_limit(within):
                response = await session.post(
                    request.url,
                    data=request.body,
                    headers=dict(request.headers),
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect),
                    allow_redirects=False,
                    proxy=self._proxy or _proxy_of_environment(request.url),
                )
        return AiohttpResponse(response)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def aclose(self) -> None:
        await self._own.aclose(_close)


def _open() -> "aiohttp.ClientSession":
    import aiohttp

    # Not `trust_env`: with an entry in ~/.netrc for the endpoint, aiohttp refuses the API key.
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar())


async def _close(session: "aiohttp.ClientSession") -> None:
    await session.close()


def _proxy_of_environment(url: str) -> str | None:
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    return None if proxy is None or proxy_bypass(parts.netloc) else proxy


@contextmanager
def _as_transport_errors(late: str) -> Generator[None, None, None]:
    """Raises TransportError and TransportTimeoutError in place of what aiohttp raises."""
    import aiohttp

    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise TransportTimeoutError("The endpoint could not be reached in time.") from error
    except asyncio.TimeoutError as error:
        raise TransportTimeoutError(late) from error
    except aiohttp.ClientConnectorError as error:
        raise TransportError(f"The endpoint could not be reached: {error}") from error
    except aiohttp.ClientResponseError as error:
        # Its own text, and what it holds, tell the request's headers: a proxy's password among them.
        raise TransportError(f"The connection broke: {error.status} {error.message}") from None
    except (aiohttp.ClientError, ValueError) as error:
        raise TransportError(f"The connection broke: {error}") from error
