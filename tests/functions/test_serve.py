"""`serve` as the command runs it: in a process of its own, on a real port."""

import http.client
import json
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from promptstudio.prompts.diagnostics import CompileError
from promptstudio_functions.local import ServeError, serve
from tests.conformance.case import Answer, When
from tests.conformance.upstream import ScriptedUpstream
from tests.functions.serving import Process, write_key, write_project

ECHO = "---\nmodel: echo/echo\n---\nHello."
MODEL = "---\nmodel: openai/gpt-5.4-mini\n---\nHello."
STREAM = {"content-type": "text/event-stream"}


@contextmanager
def call(
    url: str, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    with closing(connection):
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"content-type": "application/json", **(headers or {})})
        yield connection.getresponse()


def prompts_status(url: str, **headers: str) -> int:
    """The status of GET /v1/prompts."""
    with call(url, "GET", "/v1/prompts", headers=headers) as answer:
        return answer.status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_and_serve_returns(tmp_path: Path, number: signal.Signals) -> None:
    root = write_project(tmp_path / "project", {"hello": ECHO})
    with Process(root, tmp_path / "data", {}) as process:
        with call(process.url, "POST", "/v1/prompts/hello/run", {}) as answer:
            assert answer.status == 200
        process.signal(number)
        process.read_until("^returned$")
        assert process.wait() == 0


def test_what_runs_comes_to_its_end_before_the_server_does(tmp_path: Path) -> None:
    delta = b'data: {"type":"response.output_text.delta","delta":"Hi"}\n\n'
    completed = b'data: {"type":"response.completed","response":{"status":"completed"}}\n\n'
    with ScriptedUpstream() as upstream:
        script = upstream.play([Answer(200, STREAM, [delta, When(b"signalled"), completed], streamed=True)])
        settings = f'[providers.openai]\nbase_url = "{upstream.url}"\n'
        root = write_project(tmp_path / "project", {"hello": MODEL}, settings)
        with (
            Process(root, tmp_path / "data", {"OPENAI_API_KEY": "sk"}) as process,
            call(process.url, "POST", "/v1/prompts/hello/run", {"stream": True}) as answer,
        ):
            assert b"event: start" in answer.readline()
            process.signal(signal.SIGTERM)
            script.client_received(b"signalled")
            assert b"event: done" in answer.read()
            assert process.wait() == 0


def test_an_api_key_made_later_closes_the_server_to_others(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", {"hello": ECHO})
    with Process(root, tmp_path / "data", {}) as process:
        assert prompts_status(process.url) == 200
        key = write_key(tmp_path / "data")
        assert any(prompts_status(process.url) == 401 for _ in range(1000))
        assert prompts_status(process.url, authorization=f"Bearer {key}") == 200


def test_keys_in_the_environment_go_before_the_file(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", {"hello": ECHO})
    key = write_key(tmp_path / "data")
    with Process(root, tmp_path / "data", {"PROMPTSTUDIO_KEYS": "[]"}) as process:
        assert prompts_status(process.url, authorization=f"Bearer {key}") == 401


def test_another_name_of_this_machine_is_not_answered_without_keys(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", {"hello": ECHO})
    with Process(root, tmp_path / "data", {}) as process:
        for path in ("/v1/prompts", "/page/project.json"):
            with call(process.url, "GET", path, headers={"host": "rebound.example"}) as answer:
                assert answer.status == 403


def test_without_keys_nobody_else_may_be_let_in(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", {"hello": ECHO})
    with pytest.raises(ServeError, match="promptstudio keys create"):
        serve(root, data=tmp_path, environ={}, report=print, host="0.0.0.0", port=0)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", {"hello": ECHO})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {port}"):
            serve(root, data=tmp_path, environ={}, report=print, port=port)


def test_files_that_do_not_compile_are_not_served(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", {"hello": "---\nmodel: echo/echo\n---\n{{#if x}}"})
    with pytest.raises(CompileError, match=r"prompts/hello\.prompt:4"):
        serve(root, data=tmp_path, environ=os.environ, report=print, port=0)
