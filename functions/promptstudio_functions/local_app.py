"""The endpoint and the built-in pages as one ASGI application, its keys and prompts kept fresh."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from promptstudio.endpoint.exchange import Receive, Scope, Send
from promptstudio.prompts.diagnostics import CompileError
from promptstudio.settings import Settings, parse_settings
from promptstudio_functions import site
from promptstudio_functions.key_source import FILE, KeySource
from promptstudio_functions.live_project import LiveProject
from promptstudio_functions.wiring import wire

Report = Callable[[str], None]
"""Takes a line for the terminal."""

_LOOK_EVERY_S: Final = 0.5

logger = logging.getLogger(__name__)


def create_app(
    root: Path,
    *,
    data: Path,
    environ: Mapping[str, str],
    report: Report,
    dev: bool = False,
    public: bool = False,
) -> "LocalApp":
    """The application for the project in `root`; a `public` one answers nobody where there are no keys.

    Raises CompileError (not with `dev`, which waits for better files), SettingsError or KeysError.
    """
    project = LiveProject(root, environ, dev=dev)
    try:
        project.load()
    except CompileError:
        if not dev:
            raise
    settings = _settings(project, environ)
    keys = KeySource(settings.keys, data / FILE, required=public)
    return LocalApp(project, keys, settings, environ, report, dev=dev)


def _settings(project: LiveProject, environ: Mapping[str, str]) -> Settings:
    given = project.settings
    return parse_settings(environ, body_limit=given.body_limit, cors_origins=given.cors_origins)


class LocalApp:
    """What `create_app` makes. It needs the lifespan protocol, to watch files and to close connections."""

    def __init__(
        self,
        project: LiveProject,
        keys: KeySource,
        settings: Settings,
        environ: Mapping[str, str],
        report: Report,
        *,
        dev: bool,
    ) -> None:
        deployed = wire(project.bundle, settings, keys.current(), environ)
        self._project = project
        self._keys = keys
        self._endpoint = deployed.endpoint
        self._gate = deployed.gate
        self._transport = deployed.transport
        self._site = site.Site(project, deployed.gate, dev=dev)
        self._environ = environ
        self._report = report
        self._dev = dev

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        self._gate.keys = self._keys.current()
        if scope["path"] in site.PATHS:
            await self._site(scope, receive, send)
        else:
            await self._endpoint(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        self._report_project()
        watcher = asyncio.create_task(self._watch()) if self._dev else None
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        if watcher is not None:
            watcher.cancel()
        await self._transport.close()
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
            self._gate.load(self._project.bundle)
            self._endpoint.settings = _settings(self._project, self._environ)
            self._report("Loaded the prompts again.")
        self._report_project()

    def _report_project(self) -> None:
        for diagnostic in self._project.diagnostics:
            self._report(str(diagnostic))
        echoes = ", ".join(sorted(name for name in self._gate.bundle.prompts if self._echoes(name)))
        if self._dev and echoes:
            self._report(f"No model is called for {echoes}: echo answers. A provider's API key changes that.")

    def _echoes(self, name: str) -> bool:
        return self._gate.bundle.prompts[name].default.setup.provider.type == "echo"
