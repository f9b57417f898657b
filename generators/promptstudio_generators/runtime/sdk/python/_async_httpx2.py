"""httpx2 under the asynchronous client. It is imported with the first call."""

import asyncio
from typing import TYPE_CHECKING

from ._httpx2_errors import as_transport_errors
from ._loops import PerLoop
from ._time_limit import time_limit
from ._transport import Request, TransportTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    import httpx2


class AsyncHttpx2Response:
    """An answer of httpx2."""

    __slots__ = ("_chunks", "_response", "headers")

    def __init__(self, response: "httpx2.Response") -> None:
        self._response = response
        self._chunks: AsyncGenerator[bytes, None] = response.aiter_bytes()
        self.headers: Mapping[str, str] = dict(response.headers)

    @property
    def status(self) -> int:
        return self._response.status_code

    async def chunk(self, within: float | None) -> bytes:
        with as_transport_errors():
            try:
                async with time_limit(within):
                    return await self._chunks.__anext__()
            except StopAsyncIteration:
                return b""
            except asyncio.TimeoutError:
                raise TransportTimeoutError("The answer did not go on in time.") from None

    async def aclose(self) -> None:
        try:
            await self._chunks.aclose()
        except RuntimeError:
            pass  # another task waits for the next bytes: what follows ends it
        await self._response.aclose()


class AsyncHttpx2Transport:
    """Sends requests through a client that was given, which stays open, or one for each event loop."""

    __slots__ = ("_given", "_own")

    def __init__(self, given: "httpx2.AsyncClient | None", proxy: str | None) -> None:
        self._given = given
        self._own = PerLoop(lambda: _open(proxy))

    async def send(
        self, request: Request, *, connect: float | None, within: float | None
    ) -> AsyncHttpx2Response:
        import httpx2

        client = self._own.get() if self._given is None else self._given
        built = client.build_request(
            "POST",
            request.url,
            content=request.body,
            headers=dict(request.headers),
            timeout=httpx2.Timeout(None, connect=connect),
        )
        with as_transport_errors():
            try:
                async with time_limit(within):
                    return AsyncHttpx2Response(await client.send(built, stream=True, follow_redirects=False))
            except asyncio.TimeoutError:
                raise TransportTimeoutError("The endpoint did not answer in time.") from None

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def aclose(self) -> None:
        await self._own.aclose(_close)


def _open(proxy: str | None) -> "httpx2.AsyncClient":
    import httpx2

    return httpx2.AsyncClient(proxy=proxy, limits=httpx2.Limits(max_keepalive_connections=100))


async def _close(client: "httpx2.AsyncClient") -> None:
    await client.aclose()
