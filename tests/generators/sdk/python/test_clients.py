"""What clients are given: keys, proxies, clients of other people's; and what they tell of it."""

import asyncio
import base64
import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.generators.sdk.answers import DONE, WHOLE, busy, deltas, frame, stream, whole
from tests.generators.sdk.python.stage import Stage

DRIP_S = 0.02


@contextmanager
def dripping(head: bytes, drop: bytes) -> Iterator[str]:
    """The URL of a server that sends a head at once, and then a drop every now and then, for ever."""
    over = threading.Event()

    def serve(listener: socket.socket) -> None:
        while not over.is_set():
            connection, _ = listener.accept()
            with connection:
                try:
                    connection.recv(65536)
                    connection.sendall(head)
                    while not over.wait(DRIP_S):
                        connection.sendall(drop)
                except OSError:
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            socket.create_connection(listener.getsockname()).close()
            thread.join()


def test_an_answer_that_drips_is_given_up_in_time(stage: Stage) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
    with dripping(head, b" ") as url:
        begun = time.monotonic()
        seen = stage.run(client={"base_url": url}, timeout=0.5)
    assert type(seen.error) is stage.package.APITimeoutError
    assert time.monotonic() - begun < 5


def test_an_answer_without_a_length_that_drips_is_given_up_too(stage: Stage) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    with dripping(head, b" ") as url:
        seen = stage.run(client={"base_url": url}, timeout=0.5)
    assert type(seen.error) is stage.package.APITimeoutError


def test_a_stream_of_comments_goes_on_until_its_deadline(stage: Stage) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    head += frame("delta", {"text": "Hel"})
    with dripping(head, b": ping\n\n") as url:
        seen = stage.stream(client={"base_url": url}, idle_timeout=0.4, deadline=0.8)
    assert type(seen.error) is stage.package.APITimeoutError
    assert (seen.texts, seen.error.partial) == (["Hel"], "Hel")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_url", "prompts.acme.example"),
        ("base_url", "ftp://prompts.acme.example"),
        ("base_url", "https://user:secret@prompts.acme.example"),
        ("base_url", "https://prompts.acme.example/?secret=1"),
        ("base_url", "https://prompts.acme.example/#a"),
        ("base_url", "https://prompts.acme.example/a b"),
        ("base_url", " "),
        ("api_key", "secret secret"),
        ("api_key", "secret\r\nX-Evil: 1"),
        ("api_key", "secrét"),
        ("timeout", 0),
        ("max_retries", -1),
        ("proxy", "secret.example.com"),
        ("proxy", "http://proxy.example.com/?secret"),
        ("headers", {"X-Team": "secret\r\nX-Evil: 1"}),
        ("headers", {"X-Team": "secrét"}),
        ("headers", {"X Team": "a"}),
        ("headers", {"Content-Length": "3"}),
        ("headers", {"host": "elsewhere"}),
    ],
)
def test_a_client_is_not_made_of_what_cannot_be_used(stage: Stage, name: str, value: object) -> None:
    with pytest.raises(stage.package.ConfigurationError) as caught:
        stage.client(**{name: value})
    assert "secr" not in str(caught.value)


def test_a_client_takes_what_it_is_not_given_from_the_environment(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = f"ACME_{stage.variant.transport.upper()}"
    monkeypatch.setenv(f"{prefix}_BASE_URL", f"{stage.server.url}/ ")
    monkeypatch.setenv(f"{prefix}_API_KEY", "ps_live_of_the_environment\n")
    seen = stage.run(whole(WHOLE), client={"base_url": None, "api_key": None})
    (call,) = seen.script.calls
    assert call.path == "/v1/prompts/greet/run"
    assert call.headers["authorization"] == "Bearer ps_live_of_the_environment"


def test_an_endpoint_without_keys_is_sent_none(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(f"ACME_{stage.variant.transport.upper()}_API_KEY", raising=False)
    (call,) = stage.run(whole(WHOLE), client={"api_key": None}).script.calls
    assert "authorization" not in call.headers


def test_an_entry_in_netrc_does_not_take_the_place_of_the_key(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login eve password hers\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    seen = stage.run(whole(WHOLE), client={"api_key": "ps_live_mine"})
    assert seen.value == WHOLE
    assert seen.script.calls[0].headers["authorization"] == "Bearer ps_live_mine"


def test_a_proxy_that_is_named_is_used(stage: Stage) -> None:
    client = {"base_url": "http://endpoint.invalid", "proxy": stage.server.url}
    seen = stage.run(whole(WHOLE), client=client)
    assert seen.value == WHOLE
    assert seen.script.calls[0].path == "http://endpoint.invalid/v1/prompts/greet/run"


@contextmanager
def refusing_proxy() -> Iterator[str]:
    """The address of a proxy that lets nobody through."""

    class Refusal(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_error(407)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusal) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_proxy_that_refuses_lets_nobody_know_its_password(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with refusing_proxy() as address:
        client = {"base_url": "https://endpoint.invalid", "proxy": f"http://user:hunter2@{address}"}
        seen = stage.run(client=client, max_retries=0)
    assert type(seen.error) is stage.package.APIConnectionError
    assert "407" in str(seen.error)
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("acme-")]
    told = "".join([*traceback.format_exception(seen.error), repr(seen.error), *logged])
    secrets = ("hunter2", base64.b64encode(b"user:hunter2").decode())
    assert not [secret for secret in secrets if secret in told]


def test_a_proxy_of_the_environment_is_used(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", stage.server.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    seen = stage.run(whole(WHOLE), client={"base_url": "http://endpoint.invalid"})
    assert seen.script.calls[0].path == "http://endpoint.invalid/v1/prompts/greet/run"
    seen = stage.run(whole(WHOLE), client={"base_url": stage.server.url})
    assert seen.script.calls[0].path == "/v1/prompts/greet/run"


def http_client(stage: Stage) -> Any:
    """A client of somebody else's, which sends a header of its own."""
    headers = {"X-Own": "1"}
    if stage.variant.transport == "requests":
        import requests

        session = requests.Session()
        session.headers.update(headers)
        return session
    if stage.variant.transport == "aiohttp":
        import aiohttp

        async def opened() -> aiohttp.ClientSession:
            return aiohttp.ClientSession(headers=headers)

        return stage.outcome(opened())
    import httpx2

    kind = httpx2.AsyncClient if stage.variant.is_async else httpx2.Client
    return kind(headers=headers)


def test_a_client_of_somebody_elses_is_used_and_stays_open(stage: Stage) -> None:
    given = http_client(stage)
    for _ in range(2):
        seen = stage.run(whole(WHOLE), client={"http_client": given})
        assert seen.value == WHOLE
        assert seen.script.calls[0].headers["x-own"] == "1"
        assert seen.script.calls[0].headers["authorization"] == "Bearer ps_live_secret"
    close = given.aclose if hasattr(given, "aclose") else given.close
    stage.outcome(close())


def test_a_client_of_somebody_elses_has_its_own_proxies(stage: Stage) -> None:
    given = http_client(stage)
    with pytest.raises(stage.package.ConfigurationError, match="has its own proxies"):
        stage.client(http_client=given, proxy="http://127.0.0.1:9")
    stage.outcome(given.aclose() if hasattr(given, "aclose") else given.close())


def test_a_connection_that_fails_is_logged_with_its_reason(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, f"acme-{stage.variant.transport}")
    stage.run(client={"base_url": stage.server.refused_url}, max_retries=0)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("acme-")]
    assert [line.partition(":")[0] for line in ours[1:]] == ["no answer"]


def test_requests_answers_and_waits_are_logged_without_secrets(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, f"acme-{stage.variant.transport}")
    headers = {"Set-Cookie": "c=secret", "Retry-After-Ms": "1"}
    client = {"headers": {"X-Key": "also-secret"}}
    seen = stage.run(busy(headers=headers), whole(WHOLE), client=client, headers={"Cookie": "c=secret"})
    assert seen.value == WHOLE
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("acme-")]
    text = "\n".join(ours)
    assert "secret" not in text
    assert "Ada" not in text
    said = ["POST", "503", "ProviderUnavailableError:", "POST", "200"]
    assert [line.partition(" ")[0] for line in ours] == said
    key = seen.script.calls[0].headers["idempotency-key"]
    assert text.count(key) == 2
    assert f"{stage.server.url}/v1/prompts/greet/run, attempt 2" in text


def test_nothing_is_printed_where_nobody_listens(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    stage.run(busy(), whole(WHOLE))
    assert capfd.readouterr() == ("", "")


def connections(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The connections that the server has taken from now on."""
    taken: list[object] = []
    server = stage.server._server
    get_request = server.get_request

    def get() -> Any:
        taken.append(request := get_request())
        return request

    monkeypatch.setattr(server, "get_request", get)
    return taken


def test_calls_and_finished_streams_share_a_connection(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = connections(stage, monkeypatch)
    script = stage.server.play([whole(WHOLE), busy(), *[stream(*deltas("Hi"), DONE)] * 2, whole(WHOLE)])
    with stage.opened([], max_retries=1) as client:
        assert stage.outcome(client.greet(name="Ada")) == WHOLE
        assert stage.outcome(client.greet.stream(name="Ada").answer()) == WHOLE
        assert stage.outcome(client.greet.stream(name="Ada").answer()) == WHOLE
        assert stage.outcome(client.greet(name="Ada")) == WHOLE
    assert (len(script.calls), len(taken)) == (5, 1)


def test_no_thread_or_socket_outlives_a_client(stage: Stage) -> None:
    before = threading.active_count()
    client = {"max_event_bytes": 10**6}
    stage.stream(stream(*deltas("Hi"), DONE), client=client, timeout=30, idle_timeout=1)
    stage.run(whole(WHOLE, end="truncate"), client=client, timeout=30)
    end = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < end:
        threading.Event().wait(0.01)
    assert threading.active_count() <= before


@pytest.mark.parametrize("stage", ["httpx2-async", "aiohttp-async"], indirect=True)
def test_one_client_serves_several_event_loops(stage: Stage) -> None:
    script = stage.server.play([whole(WHOLE)] * 4)

    async def call(client: Any) -> Any:
        return await client.greet(name="Ada")

    async def call_and_close(client: Any) -> Any:
        async with client:
            return await client.greet(name="Ada")

    client = stage.client()
    assert asyncio.run(call_and_close(client)) == WHOLE
    assert stage.outcome(call(client)) == WHOLE
    thread_answers: list[Any] = []
    thread = threading.Thread(target=lambda: thread_answers.append(asyncio.run(call_and_close(client))))
    thread.start()
    thread.join()
    assert stage.outcome(call(client)) == thread_answers[0] == WHOLE
    stage.outcome(client.aclose())
    assert len(script.calls) == 4
