"""One cold start of each kind: a fresh process, what it is asked, and how long until it has answered."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from bench.cold_projects import HERE, ROOT, RUN_BODY, RUN_PATH, Interpreter
from bench.endpoint import cpu_seconds
from promptstudio.endpoint.keys import NewKey, create, print_records
from tests.conformance.runtimes.aws_sam import variables

Figures = dict[str, float]
"""Milliseconds from the process's start (`answered`) and from its first line of code (`code`) to the answer,
of CPU (`cpu`), and how many `modules` are loaded then. A server tells no `code` and no `modules`."""
Start = Callable[[], Figures]

PROBE: Final = HERE / "cold_probe.py"
ON_CORE_0: Final = ("taskset", "-c", "0")
_CREDENTIALS: Final = {
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
}
_WAIT_S: Final = 60.0


@dataclass(frozen=True)
class Keyed:
    """A run of the prompt in bench/hello, with a key that lets it in."""

    key: NewKey = field(default_factory=lambda: create("cold"))

    @property
    def keys(self) -> str:
        """The value of PROMPTSTUDIO_KEYS."""
        return print_records([self.key.record])

    @property
    def headers(self) -> dict[str, str]:
        return {"content-type": "application/json", "authorization": f"Bearer {self.key.key}"}

    def text(self) -> str:
        """What the probe and the Worker's driver read."""
        return json.dumps({"path": RUN_PATH, "body": RUN_BODY, "headers": self.headers})


def lambda_environ(python: Interpreter, project: Path, secrets: Mapping[str, str]) -> dict[str, str]:
    """What Lambda puts into the environment of the template's function. `secrets` is how to find Parameter
    Store."""
    return {
        **base_environ(python),
        **_CREDENTIALS,
        **variables(project),
        **secrets,
        "AWS_LAMBDA_FUNCTION_NAME": "hello",
        "POWERTOOLS_SERVICE_NAME": "hello",
        "PROMPTSTUDIO_TABLE": "hello",
    }


def base_environ(python: Interpreter) -> dict[str, str]:
    path = f"{python.bare.parent}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": tempfile.gettempdir(), "LC_ALL": "C.UTF-8", "PYTHONNOUSERSITE": "1"}


def answer_event(python: Interpreter, folder: Path) -> Figures:
    """The baseline's start."""
    return probed(python, "event", folder, base_environ(python) | _CREDENTIALS)


def answer_run(python: Interpreter, folder: Path, environ: Mapping[str, str], keyed: Keyed) -> Figures:
    """The start of a project's application, without a server."""
    return probed(python, "asgi", folder, {**environ, "COLD_RUN": keyed.text()})


def probed(python: Interpreter, kind: str, folder: Path, environ: Mapping[str, str]) -> Figures:
    done, began = _probe(python, kind, folder, environ)
    row = json.loads(done.stdout.splitlines()[-1])
    return {
        "answered": (row["answered"] - began) / 1e6,
        "code": (row["answered"] - row["began"]) / 1e6,
        "cpu": row["cpu"] / 1e6,
        "modules": row["modules"],
    }


def _probe(
    python: Interpreter, kind: str, folder: Path, environ: Mapping[str, str], *options: str
) -> "tuple[subprocess.CompletedProcess[str], int]":
    """What the probe said, and when its process began."""
    command = [*ON_CORE_0, str(python.bare), "-P", *options, str(PROBE), kind]
    told = {**environ, "PYTHONPATH": str(folder)}
    began = time.monotonic_ns()
    done = subprocess.run(
        command, cwd=folder, env=told, capture_output=True, text=True, timeout=_WAIT_S, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done, began


def serve(command: list[str], folder: Path, environ: Mapping[str, str], keyed: Keyed) -> Figures:
    """The start of a server; its command holds PORT where its port belongs, its environment may too."""
    port = _free_port()
    command = [*ON_CORE_0, *(part.replace("PORT", str(port)) for part in command)]
    told = {name: value.replace("PORT", str(port)) for name, value in environ.items()}
    began = time.monotonic_ns()
    process = subprocess.Popen(
        command, cwd=folder, env=told, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _run(process, port, keyed)
        answered = time.monotonic_ns()
        return {"answered": (answered - began) / 1e6, "cpu": cpu_seconds(process.pid) * 1e3}
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _run(process: "subprocess.Popen[bytes]", port: int, keyed: Keyed) -> None:
    """Ask for the run as soon as somebody listens."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_WAIT_S)
    while process.poll() is None:
        try:
            connection.connect()
        except ConnectionRefusedError:
            time.sleep(0.0005)
            continue
        connection.request("POST", RUN_PATH, RUN_BODY, keyed.headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"{answer.status}: {text!r}")
        return
    raise SystemExit(f"The server ended with {process.returncode}.")


def costly_imports(python: Interpreter, folder: Path, environ: Mapping[str, str], keyed: Keyed) -> str:
    """The modules whose import takes a millisecond or more, all that they import included, as Python's own
    -X importtime tells: microseconds alone, microseconds in all, the name indented by who imports it."""
    told = {**environ, "COLD_RUN": keyed.text()}
    done, _ = _probe(python, "asgi", folder, told, "-X", "importtime")
    lines = [line.removeprefix("import time:") for line in done.stderr.splitlines()]
    return "\n".join(line for line in lines[1:] if int(line.split("|")[1]) >= 1000)


def worker_starts(script: Path, rounds: int, keyed: Keyed) -> list[Figures]:
    """The generated Worker under miniflare: until it is `ready`, and from then until its first answer."""
    tools = ROOT / "tests" / "node" / "package.json"
    command = ["node", str(HERE / "cold_worker.mjs"), str(tools), str(script), str(rounds)]
    environ = {**os.environ, "COLD_RUN": keyed.text(), "PROMPTSTUDIO_KEYS": keyed.keys}
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
