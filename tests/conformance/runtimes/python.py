"""The Python server: uvicorn in a thread of its own, whose application is swapped for each case."""

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvicorn

from promptstudio.endpoint.exchange import Receive, Scope, Send
from promptstudio.endpoint.keys import KeyRing
from promptstudio.settings import parse_settings
from promptstudio.storage.port import Store
from promptstudio.storage.sqlite import SqliteStore
from promptstudio.storage.upstash import UpstashStore
from promptstudio_functions.wiring import Deployed, wire
from tests.conformance.runtimes import Address, Deployment, Runtime

_START_S: Final = 20.0


class _Python:
    """The runtime, and the ASGI application that passes each request to the newest endpoint.

    All share a store, in which each has its own namespace.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._opened = [store]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._started = threading.Event()
        self._server = uvicorn.Server(uvicorn.Config(self, log_level="error", access_log=False))
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],))
        self._deployed: list[Deployed] = []

    def deploy(self, deployment: Deployment) -> Address:
        settings = parse_settings(deployment.environ)
        keys = None if settings.keys is None else KeyRing.parse(settings.keys)
        store = self._store_of(deployment)
        deployed = wire(deployment.bundle, settings, keys, deployment.environ, store)
        deployed.gate.namespace = f"deployment-{deployment.number}"
        self._deployed.append(deployed)
        host, port = self._listener.getsockname()
        return Address(host, port)

    def _store_of(self, deployment: Deployment) -> Store | None:
        if deployment.store == "none":
            return None
        if deployment.store != "refused":
            return self._store
        # SQLite is out of reach for nobody, so that here an engine across a network stands in for it.
        environ = deployment.environ
        store = UpstashStore(environ["UPSTASH_REDIS_REST_URL"], environ["UPSTASH_REDIS_REST_TOKEN"])
        self._opened.append(store)
        return store

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
        for store in self._opened:
            await store.close()
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
    with tempfile.TemporaryDirectory() as folder:
        server = _Python(SqliteStore(Path(folder) / "store.sqlite"))
        server.start()
        try:
            yield server
        finally:
            server.stop()
