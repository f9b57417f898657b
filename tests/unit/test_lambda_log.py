"""What a function on Lambda tells of itself: its log, each run with its metrics, and traces."""

import asyncio
import itertools
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.logging import Logger
from hypothesis import given
from hypothesis import strategies as st

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.exchange import Message, Receive, Scope, Send
from promptstudio.errors import AppError
from promptstudio.lambda_log import Invocations, RunMetrics, open_log
from promptstudio.settings import Settings
from tests.unit.endpoint.asgi import JSON, Client, ScriptedTransport, ask, bundle

BUSY = AppError("provider_busy", provider="openai", status=500)
TRACE = "Root=1-65f1a2b3-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
ROOT = Path(__file__).parents[2]
SERVICES = itertools.count()
PATIENCE_S = 30


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A service that no other test has, and loggers that are afterwards as they were."""
    name = f"acme-{next(SERVICES)}"
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", name)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield name
    root.handlers[:] = handlers
    root.setLevel(level)


def served(log: Logger, transport: ScriptedTransport) -> Endpoint:
    gate = BundleGate(bundle(), transport, None)
    gate.journal = RunMetrics(log)
    return Endpoint(gate, Settings())


def asked(**context: object) -> Client:
    """A request for a run, as the adapter passes it on with the context of its invocation."""
    header = (b"x-amzn-lambda-context", json.dumps(context).encode())
    return Client("/v1/prompts/greet/run", {"variables": {"name": "Ada"}}, headers=[JSON, header])


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


async def test_every_metric_and_dimension_stands_in_a_runs_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = open_log()
    await ask(served(log, ScriptedTransport()), asked())
    (line,) = told(capsys)
    (metrics,) = line["_aws"]["CloudWatchMetrics"]
    assert metrics["Namespace"] == "PromptStudio"
    assert metrics["Dimensions"] == [["service"], ["service", "prompt"]]
    assert (line["service"], line["prompt"]) == (log.service, "greet")
    units = {metric["Name"]: metric["Unit"] for metric in metrics["Metrics"]}
    assert units == {
        "runs": "Count",
        "failures": "Count",
        "duration_ms": "Milliseconds",
        "input_tokens": "Count",
        "output_tokens": "Count",
    }
    assert all(len(line[name]) == 1 for name in units)
    assert (line["runs"], line["failures"]) == ([1], [0])
    assert (line["message"], line["level"], line["version"], line["code"]) == ("run", "INFO", 0, "ok")
    assert line["run_id"].startswith("run_")


async def test_a_failure_counts_as_one_and_claims_no_tokens(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = open_log()
    await ask(served(log, ScriptedTransport(BUSY)), asked())
    (line,) = told(capsys)
    assert (line["failures"], line["level"], line["code"]) == ([1], "WARNING", "provider_unavailable")
    (metrics,) = line["_aws"]["CloudWatchMetrics"]
    assert [metric["Name"] for metric in metrics["Metrics"]] == ["runs", "failures", "duration_ms"]


async def test_each_run_has_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    log = open_log()
    app = served(log, ScriptedTransport())
    for _ in range(2):
        await ask(app, asked())
    one, other = told(capsys)
    assert one["runs"] == other["runs"] == [1]
    assert one["run_id"] != other["run_id"]


async def test_a_runs_line_tells_of_its_invocation_and_which_was_the_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = open_log()
    environ: dict[str, str] = {}
    app = Invocations(served(log, ScriptedTransport()), log, environ=environ)
    health = Client("/health", method="GET", headers=[])
    await app(health.scope, health.receive, health.send)  # the adapter asks whether the server is up
    for request in ("r-1", "r-2"):
        client = asked(request_id=request, xray_trace_id=TRACE)
        await asyncio.create_task(app(client.scope, client.receive, client.send))
    lines = [(line["function_request_id"], line["cold_start"]) for line in told(capsys)]
    assert lines == [("r-1", True), ("r-2", False)]
    assert environ == {"_X_AMZN_TRACE_ID": TRACE}


async def test_with_provisioned_concurrency_no_start_is_cold(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = open_log()
    environ = {"AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency"}
    app = Invocations(served(log, ScriptedTransport()), log, environ=environ)
    client = asked(request_id="r-1")
    await asyncio.create_task(app(client.scope, client.receive, client.send))
    assert [line["cold_start"] for line in told(capsys)] == [False]


async def test_requests_at_the_same_time_keep_their_invocations_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = open_log()
    transport = ScriptedTransport(None, b'{"status":"completed","output":[]}')
    app = Invocations(served(log, transport), log, environ={})
    clients = [asked(request_id=f"r-{number}") for number in range(5)]
    tasks = [asyncio.create_task(app(client.scope, client.receive, client.send)) for client in clients]
    for client in clients:
        await client.watched.wait()
    transport.go_on.set()
    await asyncio.gather(*tasks)
    assert sorted(line["function_request_id"] for line in told(capsys)) == [f"r-{n}" for n in range(5)]


async def test_whatever_is_logged_for_a_request_is_one_line_that_tells_of_its_invocation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = open_log()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            raise ValueError("two\nlines ä")
        except ValueError:
            logging.getLogger("promptstudio.endpoint.app").exception("Broken: %s", "why")

    client = asked(request_id="r-1")
    await asyncio.create_task(Invocations(app, log, environ={})(client.scope, client.receive, client.send))
    logging.getLogger("a.library").info("seen")
    logging.getLogger("a.library").debug("unseen")
    broken, seen = told(capsys)
    assert (broken["level"], broken["message"], broken["service"]) == ("ERROR", "Broken: why", log.service)
    assert (broken["name"], broken["function_request_id"]) == ("promptstudio.endpoint.app", "r-1")
    assert broken["exception"].endswith("ValueError: two\nlines ä")
    assert (seen["message"], "function_request_id" in seen) == ("seen", False)


def test_a_stack_may_be_called_like_a_logger(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    open_log()
    logging.getLogger(f"{service}.part").warning("once")
    assert [line["message"] for line in told(capsys)] == ["once"]


@given(header=st.binary() | st.sampled_from([b"[]", b"7", b"{}", b'{"request_id": {}, "xray_trace_id": 7}']))
def test_no_header_keeps_a_request_from_its_answer(header: bytes) -> None:
    seen: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    client = Client("/health", headers=[(b"x-amzn-lambda-context", header)])
    outer = Invocations(app, Logger(service="header"), environ={})
    asyncio.run(outer(client.scope, client.receive, client.send))
    assert seen == [client.scope]


SERVING = """
import asyncio, os, sys
from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.lambda_log import Invocations, RunMetrics, open_log, open_tracer
from promptstudio.settings import Settings
from tests.unit.endpoint.asgi import ScriptedTransport, bundle
from tests.unit.test_lambda_log import TRACE, asked
log, tracer = open_log(), open_tracer(os.environ)
gate = BundleGate(bundle(), ScriptedTransport(), None)
gate.journal = RunMetrics(log, tracer)
app = Invocations(Endpoint(gate, Settings()), log, tracer)
for context in ({"request_id": "r-1", "xray_trace_id": TRACE}, {"request_id": "r-2"}):
    client = asked(**context)
    asyncio.run(app(client.scope, client.receive, client.send))
    assert client.answer.status == 200, client.answer
print("aws_xray_sdk.core" in sys.modules, file=sys.stderr)
sys.stdin.read()
"""


@contextmanager
def serving(**environ: str) -> "Iterator[subprocess.Popen[str]]":
    """A process that serves two requests, and stays until the context ends or it is too late."""
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LAMBDA_TASK_ROOT": "/var/task", **environ}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-c", SERVING]
    with subprocess.Popen(command, env=given, cwd=ROOT, text=True, **pipes) as process:  # type: ignore[call-overload]
        too_late = threading.Timer(PATIENCE_S, process.kill)
        too_late.start()
        try:
            yield process
        finally:
            too_late.cancel()
            process.kill()


def test_a_line_is_out_before_the_process_goes_on_and_the_tracer_stays_unimported() -> None:
    with serving() as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert process.stderr.readline() == "False\n"
    assert [line["function_request_id"] for line in lines] == ["r-1", "r-2"]


def test_where_x_ray_is_on_a_trace_tells_of_the_run() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(PATIENCE_S)
        address = f"127.0.0.1:{daemon.getsockname()[1]}"
        with serving(PROMPTSTUDIO_XRAY="on", AWS_XRAY_DAEMON_ADDRESS=address) as process:
            segment = json.loads(daemon.recv(65536).partition(b"\n")[2])
            assert process.stderr is not None
            assert process.stderr.readline() == "True\n"  # the second request, without a trace, was answered
    assert (segment["name"], segment["parent_id"]) == ("## endpoint", "0123456789abcdef")
    assert segment["trace_id"] == "1-65f1a2b3-0123456789abcdef01234567"
    assert segment["annotations"] == {"ColdStart": True, "prompt": "greet", "code": "ok"}
    (metadata,) = segment["metadata"].values()
    assert metadata["run"]["model"] == "openai/gpt-5.4-mini"
