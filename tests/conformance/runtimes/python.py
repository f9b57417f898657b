"""The Python server: uvicorn in a thread of its own, whose application is swapped for each case."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from promptstudio.endpoint.exchange import Receive, Scope, Send
from promptstudio.endpoint.keys import KeyRing
from promptstudio.settings import parse_settings
from promptstudio_functions.wiring import Deployed, wire
from tests.conformance.runtimes import Address, Deployment, Runtime

_START_S: Final = 20.0


class _Python:
    """The runtime, and the ASGI application that passes each request to the newest endpoint."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._started = threading.Event()
        self._server = uvicorn.Server(uvicorn.Config(self, log_level="error", access_log=False))
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],))
        self._deployed: list[Deployed] = []

    def deploy(self, deployment: Deployment) -> Address:
        settings = parse_settings(deployment.environ)
        keys = None if settings.keys is None else KeyRing.parse(settings.keys)
        self._deployed.append(wire(deployment.bundle, settings, keys, deployment.environ))
        host, port = self._listener.getsockname()
        return Address(host, port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._deployed[-1].endpoint(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        self._started.set()
        await receive()
        for deployed in self._deployed:
            await deployed.transport.close()
        await send({"type": "lifespan.shutdown.complete"})

    def start(self) -> None:
        self._thread.start()
        if not self._started.wait(_START_S):
            message = f"uvicorn did not start within {_START_S} s"
            raise RuntimeError(message)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()


@contextmanager
def start() -> Iterator[Runtime]:
    server = _Python()
    server.start()
    try:
        yield server
    finally:
        server.stop()
