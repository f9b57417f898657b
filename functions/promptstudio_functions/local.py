"""Serving a project from this machine: one process, one port."""

import gc
import ipaddress
import socket
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from promptstudio_functions.local_app import LocalApp, Report, create_app

_GRACE_S: Final = 30
_KEEP_ALIVE_S: Final = 65
_BACKLOG: Final = 2048


class ServeError(Exception):
    """The server may not, or cannot, listen where it was told to."""


def serve(
    root: Path,
    *,
    data: Path,
    environ: Mapping[str, str],
    report: Report,
    host: str = "127.0.0.1",
    port: int = 8787,
    dev: bool = False,
) -> None:
    """Serve the project in `root` until SIGINT or SIGTERM, then finish what runs and return.

    API keys are read from PROMPTSTUDIO_KEYS, else from the store in `data`. `port` 0 takes a free one. With
    `dev` it serves the whole platform, watches the project's files, and runs on echo what lacks its
    provider's key. `report` is given lines for the terminal: diagnostics, the address, a link that signs in,
    what each change brings. Raises CompileError, SettingsError, KeysError, AppError where the store or its
    sealing key cannot be used, or ServeError where it may not or cannot listen.
    """
    with _listen(host, port) as listener:
        public = not ipaddress.ip_address(listener.getsockname()[0]).is_loopback
        app = create_app(
            root,
            data=data,
            environ=environ,
            report=report,
            dev=dev,
            public=public,
            address=_address(listener),
        )
        if public and not dev and not app.has_keys():
            message = (
                f"Others could reach {host}, so it takes API keys: create one with "
                "`promptstudio keys create NAME`, or leave out --host."
            )
            raise ServeError(message)
        # What is loaded by now lives as long as the process: walking over it again and again would cost
        # each request a tenth of its time.
        gc.collect()
        gc.freeze()
        try:
            _Server(app).run(sockets=[listener])
        except SystemExit:  # how uvicorn ends where the application could not start
            if app.failure is None:
                raise
        if app.failure is not None:
            raise app.failure


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        message = f"Cannot listen at {host} port {port}: {error.strerror}."
        raise ServeError(message) from error
    except UnicodeError as error:
        message = f"Cannot listen at {host}: no host can have this name."
        raise ServeError(message) from error


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Tells where it listens as soon as it does; a signal ends it without ending the process."""

    def __init__(self, app: LocalApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                interface="asgi3",
                lifespan="on",
                ws="none",
                access_log=False,
                log_config=None,
                proxy_headers=False,
                server_header=False,
                backlog=_BACKLOG,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            await self._app.greet()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal lets what runs come to its end, the second does not."""
        self.force_exit = self.should_exit
        self.should_exit = True
