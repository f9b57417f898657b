"""The scripted provider: it answers as told, breaks as told, and remembers what it was asked."""

import http.client
import queue
import threading
from collections.abc import Iterator

import pytest

from tests.conformance.case import Answer, When
from tests.conformance.upstream import ScriptedUpstream

JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture
def connection(upstream: ScriptedUpstream) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(upstream.url.removeprefix("http://"), timeout=20)
    yield connection
    connection.close()


def ask(connection: http.client.HTTPConnection, body: bytes = b"{}") -> http.client.HTTPResponse:
    connection.request("POST", "/v1/x", body, {"X-Key": "k"})
    return connection.getresponse()


def test_answers_come_in_order_on_one_connection(
    upstream: ScriptedUpstream, connection: http.client.HTTPConnection
) -> None:
    script = upstream.play(
        [Answer(200, JSON, [b"1"], streamed=False), Answer(429, JSON, [b"2"], streamed=False)]
    )
    for body, status, said in ((b"a", 200, b"1"), (b"b", 429, b"2")):
        answer = ask(connection, body)
        assert (answer.status, answer.read()) == (status, said)
    assert [(call.path, call.body, call.headers["x-key"]) for call in script.calls] == [
        ("/v1/x", b"a", "k"),
        ("/v1/x", b"b", "k"),
    ]


def test_a_call_that_the_script_does_not_know_is_answered_599(
    upstream: ScriptedUpstream, connection: http.client.HTTPConnection
) -> None:
    script = upstream.play([])
    assert ask(connection).status == 599
    assert len(script.calls) == 1


def test_a_stream_waits_until_the_client_has_seen_what_came_before(
    upstream: ScriptedUpstream, connection: http.client.HTTPConnection
) -> None:
    script = upstream.play([Answer(200, EVENTS, [b"one", When(b"one"), b"two"], streamed=True)])
    answer = ask(connection)
    assert answer.read1() == b"one"
    script.client_received(b"one")
    assert answer.read() == b"two"


def test_an_answer_is_held_until_clients_have_received_something_so_often(
    upstream: ScriptedUpstream, connection: http.client.HTTPConnection
) -> None:
    script = upstream.play([Answer(200, JSON, [b"1"], streamed=False, held=When(b"go", 2))])
    connection.request("POST", "/v1/x", b"{}")
    answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    reader = threading.Thread(target=lambda: answers.put(connection.getresponse().read()))
    reader.start()
    script.client_received(b"go")
    with pytest.raises(queue.Empty):
        answers.get(timeout=0.2)
    script.client_received(b" and go")
    reader.join()
    assert answers.get() == b"1"


@pytest.mark.parametrize("streamed", [True, False])
def test_a_truncated_answer_ends_before_its_promised_end(
    upstream: ScriptedUpstream, connection: http.client.HTTPConnection, streamed: bool
) -> None:
    upstream.play([Answer(200, EVENTS, [b"one"], streamed, end="truncate")])
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(connection).read()
    assert caught.value.partial == b"one"


def test_a_reset_breaks_the_connection(
    upstream: ScriptedUpstream, connection: http.client.HTTPConnection
) -> None:
    script = upstream.play([Answer(None, {}, (), streamed=False, end="reset")])
    with pytest.raises(ConnectionResetError):
        ask(connection)
    assert len(script.calls) == 1


def test_a_caller_that_hangs_up_while_the_provider_is_silent_is_noticed(
    upstream: ScriptedUpstream, connection: http.client.HTTPConnection
) -> None:
    script = upstream.play([Answer(200, EVENTS, [b"one"], streamed=True, end="hang")])
    answer = ask(connection)
    assert answer.read1() == b"one"
    answer.close()
    connection.close()
    assert script.wait_for_abort()
    assert script.calls[0].aborted_at is not None


def test_the_end_of_a_script_releases_what_hangs(
    upstream: ScriptedUpstream, connection: http.client.HTTPConnection
) -> None:
    script = upstream.play([Answer(200, EVENTS, [b"one"], streamed=True, end="hang")])
    answer = ask(connection)
    assert answer.read1() == b"one"
    script.finish()
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    assert script.calls[0].aborted_at is None


def test_the_refused_url_refuses(upstream: ScriptedUpstream) -> None:
    connection = http.client.HTTPConnection(upstream.refused_url.removeprefix("http://"), timeout=20)
    with pytest.raises(ConnectionRefusedError):
        connection.request("POST", "/")
