"""What one machine serves, as one ASGI application: endpoint and pages, and in `dev` the whole platform."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import LOCAL, BundleGate
from promptstudio.endpoint.exchange import Receive, Scope, Send
from promptstudio.endpoint.gate import Gate
from promptstudio.endpoint.keys import KeyRing, KeysError
from promptstudio.errors import AppError
from promptstudio.prompts.diagnostics import CompileError
from promptstudio.providers.transport import Transport
from promptstudio.settings import Settings, parse_settings
from promptstudio.storage.late import LateStore
from promptstudio_functions import site
from promptstudio_functions.live_project import LiveProject

if TYPE_CHECKING:
    from promptstudio.storage.sqlite import SqliteStore
    from promptstudio_functions.local_api import LocalApi

Report = Callable[[str], None]
"""Takes a line for the terminal."""

_LOOK_EVERY_S: Final = 0.5
_API: Final = "/api/"
_SIGN_IN: Final = "/sign-in"

logger = logging.getLogger(__name__)


def create_app(
    root: Path,
    *,
    data: Path,
    environ: Mapping[str, str],
    report: Report,
    dev: bool = False,
    public: bool = False,
    address: str = "http://127.0.0.1:8787",
) -> "LocalApp":
    """The application for the project in `root`; a `public` one answers nobody without an API key.

    `address` is where people reach it. Raises CompileError (not with `dev`, which waits for better files),
    SettingsError or KeysError.
    """
    project = LiveProject(root, environ, dev=dev)
    try:
        project.load()
    except CompileError:
        if not dev:
            raise
    return LocalApp(project, data, environ, report, dev=dev, public=public, address=address)


def _settings(project: LiveProject, environ: Mapping[str, str]) -> Settings:
    given = project.settings
    return parse_settings(environ, body_limit=given.body_limit, cors_origins=given.cors_origins)


def _fixed_keys(settings: Settings) -> KeyRing | None:
    """The keys of PROMPTSTUDIO_KEYS; raises KeysError."""
    if settings.keys is None or not settings.keys.strip():
        return None
    try:
        return KeyRing.parse(settings.keys)
    except KeysError as error:
        message = f"PROMPTSTUDIO_KEYS: {error} It has to be what `promptstudio keys export` prints."
        raise KeysError(message) from None


class LocalApp:
    """What `create_app` makes. `start` and `close` are called by the lifespan protocol, or by whoever serves
    without it; `failure` is why the former could not start."""

    def __init__(
        self,
        project: LiveProject,
        data: Path,
        environ: Mapping[str, str],
        report: Report,
        *,
        dev: bool,
        public: bool,
        address: str,
    ) -> None:
        settings = _settings(project, environ)
        self._project = project
        self._data = data
        self._environ = environ
        self._report = report
        self._dev = dev
        self._public = public
        self._address = address
        self._fixed = _fixed_keys(settings)
        self._transport = Transport(environ)
        self._files = BundleGate(project.bundle, self._transport, self._fixed)
        self._files.namespace = LOCAL
        self._endpoint = Endpoint(self._files, settings)
        self._site = site.Site(project, self._files, self._files, dev=dev)
        self.failure: Exception | None = None
        self._store: SqliteStore | None = None
        self._api: LocalApi | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        path: str = scope["path"]
        if path in site.PATHS:
            await self._site(scope, receive, send)
        elif self._api is not None and (path.startswith(_API) or path == _SIGN_IN):
            await self._api.app(scope, receive, send)
        else:
            await self._endpoint(scope, receive, send)

    def has_keys(self) -> bool:
        """Whether there is an API key at all; it is not to be called in an event loop."""
        if self._fixed is not None:
            return True
        from promptstudio_functions.local_platform import has_keys

        return asyncio.run(has_keys(self._data))

    async def start(self) -> None:
        """Open the store and let callers in by what it says; with PROMPTSTUDIO_KEYS it may not be needed."""
        if self._fixed is not None and not self._dev:
            # Limits are not to fail at the first run; what else needs the store may never come.
            limited = self._files.bundle.has_limits()
            self._files.store = self._open_store() if limited else LateStore(self._open_late)
        else:
            self._files.store = self._open_store()
            gate = await self._gate(self._files.store)
            self._endpoint = Endpoint(gate, self._endpoint.settings)
            self._site = site.Site(self._project, self._files, gate, dev=self._dev)
        if self._dev:
            self._watcher = asyncio.create_task(self._watch())

    def _open_store(self) -> "SqliteStore":
        # Late: a server with PROMPTSTUDIO_KEYS mostly needs no store, and starts in half the time without.
        from promptstudio_functions.local_platform import open_store

        self._store = open_store(self._data)
        return self._store

    def _open_late(self) -> "SqliteStore":
        """The store for a request that needs one; raises Unavailable."""
        from promptstudio.storage.port import Unavailable

        try:
            return self._open_store()
        except (OSError, AppError) as error:
            raise Unavailable from error

    async def _gate(self, store: "SqliteStore") -> Gate:
        from promptstudio.access.keys import KeyLookup
        from promptstudio_functions.local_gate import LocalGate
        from promptstudio_functions.local_platform import local_workspace

        workspace = await local_workspace(store, time.time())
        keys = KeyLookup(store, time.time)
        gate = LocalGate(self._files, self._fixed, keys, workspace, self._public)
        if self._dev:
            from promptstudio_functions.local_api import open_local_api

            settings = self._endpoint.settings
            self._api = await open_local_api(
                store, keys, self._files, self._data, self._environ, settings, self._address
            )
            gate.catalog_of, gate.member_of = self._api.catalog_of, self._api.member_of
        return gate

    async def close(self) -> None:
        """Let go of files and connections."""
        if self._watcher is not None:
            self._watcher.cancel()
        await self._transport.close()
        if self._api is not None:
            await self._api.close()
        if self._store is not None:
            await self._store.close()

    async def greet(self) -> None:
        """Tell the terminal where the server is, and in `dev` how to sign in."""
        self._report(f"PromptStudio is at {self._address}")
        if self._api is not None:
            self._report(f"Sign in, once, within the hour: {await self._api.sign_in_link()}")

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        try:
            await self.start()
        except Exception as error:  # noqa: BLE001 - ASGI has no way to hand it on, and `serve` raises it
            self.failure = error
            await send({"type": "lifespan.startup.failed", "message": ""})
            return
        self._report_project()
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                self.refresh()
            except Exception:  # the edge of a task that has to go on
                logger.exception("The files could not be loaded again.")

    def refresh(self) -> None:
        """Load the project again if a file has changed; while files are bad, the last good bundle serves."""
        if not self._project.changed():
            return
        try:
            self._project.load()
        except CompileError:
            self._report("The files have problems; the last good prompts stay in service.")
        else:
            self._files.load(self._project.bundle)
            self._endpoint.settings = _settings(self._project, self._environ)
            self._report("Loaded the prompts again.")
        self._report_project()

    def _report_project(self) -> None:
        for diagnostic in self._project.diagnostics:
            self._report(str(diagnostic))
        echoes = ", ".join(sorted(name for name in self._files.bundle.prompts if self._echoes(name)))
        if self._dev and echoes:
            self._report(f"No model is called for {echoes}: echo answers. A provider's API key changes that.")

    def _echoes(self, name: str) -> bool:
        return self._files.bundle.prompts[name].default.setup.provider.type == "echo"
