"""Reads deployments from stdin, a JSON line each: {"folder": …, "environ": {name: text}}.

Runs Functions Framework on each folder's main.py in place of the one before; answers {"url"} or {"error"}.
It runs in a fork of this process, which has imported the framework already: that is most of a start's time.
"""

import json
import os
import signal
import socket
import sys
import time
from importlib import import_module
from typing import Final

_HOST: Final = "127.0.0.1"
_START_S: Final = 20.0
_FRAMEWORK: Final = ("functions_framework.aio", "functions_framework._http.gunicorn", "uvicorn_worker")


def _start(folder: str, environ: dict[str, str], port: int) -> int:
    """The process that serves the folder's function, as the leader of a group of its own."""
    process = os.fork()
    if process:
        return process
    os.setpgid(0, 0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    import_module("functions_framework._cli")._cli(
        ["--target", "main", "--source", "main.py", "--host", _HOST, "--port", str(port)]
    )
    os._exit(1)


def _stop(process: int) -> None:
    os.killpg(process, signal.SIGKILL)  # gunicorn's own ways to end wait for connections
    os.waitpid(process, 0)


def _is_up(process: int, port: int) -> bool:
    """Whether the process listens, as soon as it does or has ended."""
    end = time.monotonic() + _START_S
    while time.monotonic() < end and os.waitpid(process, os.WNOHANG) == (0, 0):
        try:
            socket.create_connection((_HOST, port)).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return True
    return False


def _free_port() -> int:
    with socket.create_server((_HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def main() -> None:
    for module in (*_FRAMEWORK, "aiohttp"):
        import_module(module)
    process = 0
    for line in sys.stdin:
        if process:
            _stop(process)
        port = _free_port()
        process = _start(port=port, **json.loads(line))
        answer = {"url": f"http://{_HOST}:{port}"}
        if not _is_up(process, port):
            process, answer = 0, {"error": "the function did not start"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    if process:
        _stop(process)


if __name__ == "__main__":
    main()
