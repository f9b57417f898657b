"""A workspace over HTTP: the real application in a thread, and what may go wrong on the way to it."""

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import uvicorn

from promptstudio.access.key_changes import KeyOrder, create_key
from promptstudio.access.principal import Principal, Scope
from tests.functions.platform import platform_in
from tests.people import workspace_in

PATIENCE_S = 20.0

_T = TypeVar("_T")

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Exchange = Callable[[Receive, Send], Awaitable[None]]
Hook = Callable[[Exchange, Receive, Send], Awaitable[None]]


class Remote:
    """A workspace that listens inside the `with`. `key` has the scopes read and write, `admin` all."""

    def __init__(self, folder: Path) -> None:
        self.requests: list[str] = []  # "GET /api/prompts"
        self.authorizations: set[str] = set()
        self._folder = folder
        self._hooks: dict[str, list[Hook]] = {}
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        self.key = self.new_key([Scope.read, Scope.write])
        self.admin = self.new_key([Scope.admin])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join()
        self._listener.close()

    def new_key(self, scopes: Iterable[Scope], prompts: tuple[str, ...] | None = None) -> str:
        """An API key of the workspace."""
        return self._run(self._new_key(self._platform.world.owner, scopes, prompts))

    def key_of_another_workspace(self) -> str:
        """An API key of a new workspace on the same server."""

        async def make() -> str:
            world = self._platform.world
            other = await workspace_in(world.store, world.clock)
            return await self._new_key(other, [Scope.read, Scope.write])

        return self._run(make())

    def on(self, request: str, hook: Hook) -> None:
        """Let a hook answer the next request of this kind; several answer one each."""
        self._hooks.setdefault(request, []).append(hook)

    def sent(self) -> list[str]:
        """The requests that would change something, in their order."""
        return [request for request in self.requests if not request.startswith("GET ")]

    def forget(self) -> None:
        """Forget the requests so far."""
        self.requests.clear()

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[Any, str]:
        """The body of an answer and its ETag; raises HTTPError."""
        data = None if body is None else json.dumps(body).encode()
        typed = {
            "Authorization": f"Bearer {self.admin}",
            "Content-Type": "application/json",
            **(headers or {}),
        }
        with urlopen(Request(self.url + path, data, typed, method=method), timeout=PATIENCE_S) as response:
            content = response.read()
            return json.loads(content) if content else None, response.headers.get("ETag", "")

    def create(self, name: str, text: str, folder: str = "") -> None:
        """A prompt that somebody makes in the workspace."""
        self.ask("POST", "/api/prompts", {"name": name, "text": text, "folder": folder})

    def edit(self, name: str, text: str) -> None:
        """Give a prompt's draft, or the partial `_NAME`, another text; a partial is made if need be."""
        path = f"/api/partials/{name[1:]}" if name.startswith("_") else f"/api/prompts/{name}/draft"
        try:
            headers = {"If-Match": self.ask("GET", path)[1]}
        except HTTPError as error:
            error.close()
            headers = {"If-None-Match": "*"}
        self.ask("PUT", path, {"text": text}, headers)

    def move(self, name: str, folder: str) -> None:
        """File a prompt in another folder."""
        path = f"/api/prompts/{name}"
        self.ask("PATCH", path, {"folder": folder}, {"If-Match": self.ask("GET", path)[1]})

    def delete(self, name: str) -> None:
        """Delete a prompt, or the partial `_NAME`."""
        path = f"/api/partials/{name[1:]}" if name.startswith("_") else f"/api/prompts/{name}"
        self.ask("DELETE", path, None, {"If-Match": self.ask("GET", path)[1]})

    def texts(self) -> dict[str, str]:
        """All texts: of prompts by folder/name, of partials by _name."""
        prompts, partials = (self.ask("GET", f"/api/{each}?limit=100")[0] for each in ("prompts", "partials"))
        found = {}
        for row in prompts["items"]:
            draft, _ = self.ask("GET", f"/api/prompts/{quote(row['name'])}/draft")
            found["/".join(filter(None, [row["folder"], row["name"]]))] = draft["text"]
        for row in partials["items"]:
            found["_" + row["name"]] = self.ask("GET", f"/api/partials/{quote(row['name'])}")[0]["text"]
        return found

    async def _new_key(
        self, by: Principal, scopes: Iterable[Scope], prompts: tuple[str, ...] | None = None
    ) -> str:
        order = KeyOrder(name="sync", scopes=tuple(scopes), prompts=prompts)
        made = await create_key(self._platform.services.store, by, order, self._platform.services.now())
        return made.text

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with platform_in(self._folder) as self._platform:
            config = uvicorn.Config(
                self._app, log_config=None, access_log=False, lifespan="off", interface="asgi3"
            )
            server = _Server(config, self._ready)
            self._stop = server.stop
            await server.serve(sockets=[self._listener])

    async def _app(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        request = f"{scope['method']} {scope['path']}"
        self.requests.append(request)
        authorization = dict(scope["headers"]).get(b"authorization", b"")
        self.authorizations.add(authorization.decode())

        async def exchange(receive: Receive, send: Send) -> None:
            await self._platform.app(scope, receive, send)

        hooks = self._hooks.get(request)
        await (hooks.pop(0)(exchange, receive, send) if hooks else exchange(receive, send))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()

    def stop(self) -> None:
        self.should_exit = True


def answers(status: int, body: object, **headers: str) -> Hook:
    """A hook that answers for the workspace."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    rows = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def hook(exchange: Exchange, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": rows})
        await send({"type": "http.response.body", "body": content})

    return hook


def before(work: Callable[[], object]) -> Hook:
    """A hook that lets something happen just before the request is dealt with."""

    async def hook(exchange: Exchange, receive: Receive, send: Send) -> None:
        await asyncio.to_thread(work)
        await exchange(receive, send)

    return hook


async def lost(exchange: Exchange, receive: Receive, send: Send) -> None:
    """A hook that does what was asked, and loses the answer on its way."""

    async def nowhere(message: MutableMapping[str, Any]) -> None:
        """The answer does not arrive."""

    await exchange(receive, nowhere)
    head = [(b"content-length", b"100")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    raise ConnectionResetError
