"""The smoke tests of generated projects fail where an endpoint does not answer as it should."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest

from promptstudio.values import Json
from promptstudio_generators.targets import generate
from promptstudio_generators.write import write
from tests.conftest import NODE_MODULES
from tests.generators.projects import OPTIONS, bundle

TIMEOUT_S: Final = 60
KEY: Final = "ps_live_key"
COMMANDS: Final = {
    "aws-sam": [sys.executable, "test/smoke.py"],
    "gcf": [sys.executable, "-O", "test/smoke.py"],
    "cloudflare": ["node", "test/smoke.mjs"],
    "vercel": ["node", "test/smoke.mjs"],
}

Answer = tuple[int, Json]
Stream = tuple[str, list[str]]
"""A content type, and the events."""
every_target = pytest.mark.parametrize("target", COMMANDS)


class Endpoint:
    """What an endpoint of the bundle answers; a faulty one has another answer somewhere."""

    def __init__(self) -> None:
        document: Any = bundle()
        self.health: Answer = (200, {"status": "ok", "bundle": document["hash"]})
        self.refusal: Answer = (401, {"code": "unauthorized"})
        self.prompts: Answer = (200, {"prompts": [{"name": name} for name in document["prompts"]]})
        self.run: Callable[[str], Answer] = lambda name: (200, {"prompt": name, "output": {"text": "…"}})
        self.stream: Stream = ("text/event-stream", ["start", "delta", "done"])


def faulty(**faults: Any) -> Endpoint:
    endpoint = Endpoint()
    for name, fault in faults.items():
        setattr(endpoint, name, fault)
    return endpoint


FAULTS: Final = {
    "another bundle": faulty(health=(200, {"status": "ok", "bundle": "sha256:old"})),
    "open to everybody": faulty(refusal=(200, {"prompts": []})),
    "no such key": faulty(prompts=(401, {"code": "unauthorized", "detail": "no"})),
    "a prompt less": faulty(prompts=(200, {"prompts": [{"name": "greet"}]})),
    "no answer": faulty(run=lambda name: (503, {"code": "provider_unavailable", "detail": "down"})),
    "another prompt's answer": faulty(run=lambda name: (200, {"prompt": "other", "output": {"text": "…"}})),
    "no text": faulty(run=lambda name: (200, {"prompt": name, "output": {"text": None}})),
    "no stream": faulty(stream=("application/json", ["start", "done"])),
    "a stream that fails": faulty(stream=("text/event-stream", ["start", "error"])),
    "a stream without a beginning": faulty(stream=("text/event-stream", ["delta", "done"])),
    "a stream that is cut": faulty(stream=("text/event-stream", ["start", "delta"])),
}


@contextmanager
def served(endpoint: Endpoint) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/health":
                self.answer(*endpoint.health)
            elif self.headers["authorization"] == f"Bearer {KEY}":
                self.answer(*endpoint.prompts)
            else:
                self.answer(*endpoint.refusal)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if body.get("stream"):
                kind, events = endpoint.stream
                self.send(200, kind, "".join(f"event: {event}\ndata: {{}}\n\n" for event in events).encode())
            else:
                self.answer(*endpoint.run(self.path.split("/")[3]))

        def answer(self, status: int, document: Json) -> None:
            self.send(status, "application/json", json.dumps(document).encode())

        def send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A project of each target, with this repository's tools in the place of its own."""
    folder = tmp_path_factory.mktemp("projects")
    for target in COMMANDS:
        write(generate(target, bundle(), OPTIONS), folder / target)
        (folder / target / "node_modules").symlink_to(NODE_MODULES)
    return {target: folder / target for target in COMMANDS}


def smoke(project: Path, target: str, endpoint: Endpoint) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, "PROMPTSTUDIO_KEY": KEY}
    with served(endpoint) as url:
        return subprocess.run(
            [*COMMANDS[target], url],
            cwd=project,
            env=environ,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )


@pytest.mark.needs("node")
@every_target
def test_an_endpoint_that_answers_as_it_should_passes(projects: dict[str, Path], target: str) -> None:
    done = smoke(projects[target], target, Endpoint())
    assert done.returncode == 0, done.stderr
    assert "answers as it should" in done.stdout


@pytest.mark.needs("node")
@every_target
@pytest.mark.parametrize("fault", FAULTS)
def test_an_endpoint_that_does_not_fails(projects: dict[str, Path], target: str, fault: str) -> None:
    done = smoke(projects[target], target, FAULTS[fault])
    assert done.returncode != 0, done.stdout
    assert "answers as it should" not in done.stdout
