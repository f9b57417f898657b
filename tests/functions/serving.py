"""Projects on disk, and servers for them: uvicorn in a thread, or the process that `serve` makes."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from promptstudio.access.key_changes import KeyOrder, create_key
from promptstudio_functions.local_app import LocalApp, create_app
from promptstudio_functions.local_platform import local_owner, open_store

PATIENCE_S = 20.0

_SCRIPT = """
import os, sys
from pathlib import Path
from promptstudio_functions.local import serve
def report(line):
    print(line, flush=True)
root, data, dev = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "dev"
serve(root, data=data, environ=os.environ, report=report, port=0, dev=dev)
print("returned", flush=True)
"""


def write_project(root: Path, prompts: Mapping[str, str], settings: str = "") -> Path:
    """A project's files in `root`."""
    (root / "prompts").mkdir(parents=True)
    (root / "promptstudio.toml").write_text(f'name = "test"\n{settings}', encoding="utf-8")
    for name, text in prompts.items():
        (root / "prompts" / f"{name}.prompt").write_text(text, encoding="utf-8")
    return root


def write_key(data: Path) -> str:
    """A new API key of the local workspace in `data`."""

    async def write() -> str:
        store = open_store(data)
        owner = await local_owner(store, time.time())
        made = await create_key(store, owner, KeyOrder(name="test"), time.time())
        await store.close()
        return made.text

    return asyncio.run(write())


@contextmanager
def served(
    root: Path, data: Path, environ: Mapping[str, str] = os.environ, *, dev: bool = False
) -> Iterator["Served"]:
    """The local application of a project, listening on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        lines: list[str] = []
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = create_app(root, data=data, environ=environ, report=lines.append, dev=dev, address=address)
        with listening(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"), listener):
            yield Served(address, app, lines)


@contextmanager
def listening(config: uvicorn.Config, listener: socket.socket) -> Iterator[asyncio.AbstractEventLoop]:
    """Serve what the configuration names, in a thread; gives the loop that runs there."""
    server = _Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield server.loop.result(PATIENCE_S)
    finally:
        server.should_exit = True
        thread.join()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.loop: Future[asyncio.AbstractEventLoop] = Future()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.loop.set_result(asyncio.get_running_loop())


@dataclass
class Served:
    """Where the server listens, its application, and what it told the terminal."""

    url: str
    app: LocalApp
    lines: list[str] = field(default_factory=list)


class Process:
    """`serve` in a process of its own."""

    def __init__(self, root: Path, data: Path, environ: Mapping[str, str], *, dev: bool = False) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, str(root), str(data), "dev" if dev else "serve"],
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.url = ""

    def __enter__(self) -> Self:
        self.url = self.read_until(r"http://\S+").group()
        return self

    def read_until(self, pattern: str) -> re.Match[str]:
        """The next line of output with this pattern; fails at the end of the output."""
        assert self._process.stdout is not None
        seen = []
        for line in self._process.stdout:
            seen.append(line)
            if found := re.search(pattern, line):
                return found
        message = f"no line with {pattern!r} in {''.join(seen)}"
        raise AssertionError(message)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """The exit code."""
        return self._process.wait(PATIENCE_S)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()
