"""A receiver of webhooks on this machine, which answers as it is told to and keeps what came."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

HANG = -1
RESET = -2
HANG_BODY = -3
CUT_BODY = -4


@dataclass(frozen=True, slots=True)
class Call:
    """A request. Names of `headers` are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes
    answer: int


@dataclass
class Receiver:
    """`answer` gives for a path a status, HANG, or RESET after the body was read; with HANG_BODY or
    CUT_BODY it is 200 with a body that does not come, or is cut."""

    answer: Callable[[str], int] = lambda _: 204
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body, answer = await request.read(), self.answer(request.path)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append(Call(request.path, headers, body, answer))
        self.called.set()
        if answer == HANG:
            await asyncio.Event().wait()
        if answer == RESET and request.transport is not None:
            request.transport.abort()
        if answer in (HANG_BODY, CUT_BODY):
            await self._begin(request, answer)
        return web.Response(status=max(answer, 200), headers={"Location": f"{self.url}/elsewhere"})

    async def _begin(self, request: web.BaseRequest, answer: int) -> None:
        response = web.StreamResponse(status=200, headers={"Content-Length": "10"})
        await response.prepare(request)
        if answer == HANG_BODY:
            await asyncio.Event().wait()
        if request.transport is not None:
            request.transport.abort()


@asynccontextmanager
async def receiving(answer: Callable[[str], int] = lambda _: 204) -> AsyncIterator[Receiver]:
    """A receiver that listens on a free port."""
    receiver = Receiver(answer)
    runner = web.ServerRunner(web.Server(receiver.handle), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}"
    try:
        yield receiver
    finally:
        await runner.cleanup()
