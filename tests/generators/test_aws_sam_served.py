"""The Lambda project as it is served: run.sh under AWS's Web Adapter."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from promptstudio.endpoint.keys import create, print_records
from promptstudio_generators.targets import generate
from promptstudio_generators.write import write
from tests.conformance.runtimes import Address
from tests.conformance.runtimes.aws_sam import sandbox
from tests.generators.projects import OPTIONS
from tests.unit.endpoint.asgi import GREETING, bundle

pytestmark = pytest.mark.needs("lambda-web-adapter")

KEY = create("served")
ECHO = {"greet": "---\nmodel: echo/echo\n---\nHello."}
MODEL = {"greet": "---\nmodel: openai/gpt-5.4-mini\n---\nHello."}
INSTANCES = 3


def run(address: Address, **more: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {KEY.key}", "Content-Type": "application/json", **more}
    connection = HTTPConnection(address.host, address.port, timeout=60)
    connection.request("POST", "/v1/prompts/greet/run", '{"variables":{}}', headers)
    response = connection.getresponse()
    answer: dict[str, Any] = json.loads(response.read())
    connection.close()
    assert response.status == 200, answer
    return answer


def environ(**more: str) -> dict[str, str]:
    return {"PROMPTSTUDIO_KEYS": print_records([KEY.record]), **more}


def test_a_runs_line_is_out_with_its_answer_and_tells_of_its_invocation(tmp_path: Path) -> None:
    write(generate("aws-sam", bundle(ECHO), OPTIONS), tmp_path / "project")
    log = tmp_path / "log"
    with log.open("wb") as file, sandbox(tmp_path / "project", environ(), log=file) as address:
        answers = [run(address, **{"X-Amzn-Lambda-Context": '{"request_id":"forged"}'}) for _ in range(2)]
    # Whoever ended the sandbox gave nobody time to write what had not been written.
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith('{"_aws"')]
    assert [line["run_id"] for line in lines] == [answer["id"] for answer in answers]
    assert [line["cold_start"] for line in lines] == [True, False]
    assert len({UUID(line["function_request_id"]) for line in lines}) == 2
    assert [line["service"] for line in lines] == ["conformance"] * 2


@contextmanager
def meeting(callers: int) -> Iterator[str]:
    """A model that answers nobody until so many have asked. Yields its URL."""
    barrier = threading.Barrier(callers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            barrier.wait(30)
            self.send_response(200)
            self.send_header("content-length", str(len(GREETING)))
            self.end_headers()
            self.wfile.write(GREETING)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_instances_of_a_function_serve_requests_at_the_same_time(tmp_path: Path) -> None:
    with meeting(INSTANCES) as url:
        document = bundle(MODEL, f'[providers.openai]\nbase_url = "{url}"\n')
        write(generate("aws-sam", document, OPTIONS), tmp_path)
        keyed = environ(OPENAI_API_KEY="sk")
        with sandbox(tmp_path, keyed, INSTANCES) as address, ThreadPoolExecutor(INSTANCES) as clients:
            answers = list(clients.map(run, [address] * INSTANCES))
    assert [answer["output"]["text"] for answer in answers] == ["Hello!"] * INSTANCES
