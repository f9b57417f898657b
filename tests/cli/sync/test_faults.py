"""push and pull where the way to the workspace is bad: sentences, no lost work, and simply run again."""

import json
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from promptstudio.access.principal import Scope
from tests.cli.command import COMMAND, environment
from tests.cli.sync.conftest import Clone
from tests.cli.sync.remote import Exchange, Receive, Remote, Send, answers, lost

BUSY = {"code": "unavailable", "detail": "The store does not answer.", "status": 503}


def test_where_nothing_listens_the_address_is_named(clone: Clone) -> None:
    clone.write("greet", "Hi")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    for result in (clone.push("--url", url), clone.pull("--url", url)):
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith(f"Error: {url} cannot be reached: Connection refused.\n")
        assert "promptstudio dev" in result.err
        assert "--url" in result.err


def test_a_key_that_is_not_taken_is_named_by_its_variable(clone: Clone, remote: Remote) -> None:
    key = remote.key.replace("ps_live_", "")
    other = clone.push(PROMPTSTUDIO_API_KEY="ps_live_nonsense")
    assert (other.code, remote.requests) == (1, [])
    assert "ps_live_nonsense" not in other.err
    from promptstudio.endpoint.keys import create

    unknown = create("ci", key[:12]).key
    result = clone.pull("--key-env", "CI_KEY", CI_KEY=unknown)
    assert result.code == 1
    assert f"{remote.url} does not take the key in CI_KEY" in result.err
    assert "scopes read and write" in result.err
    assert unknown not in result.err + result.out


def test_no_key_is_told_before_anything_is_sent(clone: Clone, remote: Remote) -> None:
    result = clone.push(PROMPTSTUDIO_API_KEY="")
    assert (result.code, remote.requests) == (1, [])
    assert "PROMPTSTUDIO_API_KEY is not set" in result.err


def test_a_lacking_scope_is_named(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "Hi")
    reader = remote.new_key([Scope.read])
    result = clone.push(PROMPTSTUDIO_API_KEY=reader)
    assert result.code == 1
    assert "scope write" in result.lines[0]
    assert "PROMPTSTUDIO_API_KEY" in result.lines[0]
    runner = remote.new_key([Scope.run])
    for refused in (clone.push(PROMPTSTUDIO_API_KEY=runner), clone.pull(PROMPTSTUDIO_API_KEY=runner)):
        assert refused.code == 1
        assert "scope read" in refused.err


def test_a_key_for_some_prompts_sends_those(clone: Clone, remote: Remote) -> None:
    for name in ("mine", "other"):
        clone.write(name, "Hi")
    key = remote.new_key([Scope.read, Scope.write], ("mine",))
    result = clone.push(PROMPTSTUDIO_API_KEY=key)
    assert (result.code, result.lines[-1]) == (1, "1 sent, 1 failed")
    assert set(remote.texts()) == {"mine"}


def test_reading_is_tried_again_after_a_fault(clone: Clone, remote: Remote) -> None:
    remote.create("greet", "Hi")
    for _ in range(2):
        remote.on("GET /api/prompts/greet/draft", answers(503, BUSY))
    assert clone.pull().lines[-1] == "1 written"
    assert remote.requests.count("GET /api/prompts/greet/draft") == 3
    for _ in range(3):
        remote.on("GET /api/prompts/greet/draft", answers(503, BUSY))
    result = clone.pull()
    assert result.code == 1
    assert "The store does not answer." in result.err


def test_a_change_is_sent_once(clone: Clone, remote: Remote) -> None:
    for name in ("a", "b"):
        clone.write(name, "1")
    clone.push()
    for name in ("a", "b"):
        clone.write(name, "2")
    remote.forget()
    remote.on("PUT /api/prompts/a/draft", answers(503, BUSY))
    result = clone.push()
    assert (result.code, result.lines) == (
        1,
        [
            "prompts/a.prompt: failed: The store does not answer.",
            "prompts/b.prompt: sent",
            "1 sent, 1 failed",
        ],
    )
    assert remote.sent() == ["PUT /api/prompts/a/draft", "PUT /api/prompts/b/draft"]
    assert clone.push().lines[-1] == "1 sent, 1 unchanged"


@pytest.mark.parametrize("what", ["PUT /api/prompts/b/draft", "POST /api/prompts", "PUT /api/partials/n"])
def test_after_a_lost_answer_it_is_simply_run_again(clone: Clone, remote: Remote, what: str) -> None:
    for name in ("a", "b", "c"):
        clone.write(name, "1")
    clone.push()
    for name in ("a", "b", "c", "_n", "n"):
        clone.write(name, "2")
    remote.on(what, lost)
    result = clone.push("--json")
    report = json.loads(result.out)
    assert (result.code, report["ok"], report["complete"]) == (1, False, False)
    assert "cannot be reached" in result.err
    again = clone.push()
    assert again.code == 0
    assert remote.texts() == {"a": "2", "b": "2", "c": "2", "_n": "2", "n": "2"}
    assert clone.push().out == "5 unchanged\n"


def test_a_killed_push_is_simply_run_again(clone: Clone, remote: Remote) -> None:
    for number in range(5):
        clone.write(f"p{number}", "Hi")
    process: list[subprocess.Popen[bytes]] = []
    served = threading.Event()

    async def kill(exchange: Exchange, receive: Receive, send: Send) -> None:
        process[0].send_signal(signal.SIGKILL)
        process[0].wait()
        await exchange(receive, send)
        served.set()

    async def on(exchange: Exchange, receive: Receive, send: Send) -> None:
        await exchange(receive, send)

    for hook in (on, on, kill):
        remote.on("POST /api/prompts", hook)
    environ = environment({"PROMPTSTUDIO_URL": remote.url, "PROMPTSTUDIO_API_KEY": remote.key})
    process.append(subprocess.Popen([COMMAND, "push"], cwd=clone.root, env=environ, stdout=subprocess.PIPE))
    with process[0]:
        assert process[0].wait(60) == -signal.SIGKILL
    assert served.wait(60)
    assert len(remote.texts()) == 3
    result = clone.push()
    assert (result.code, result.lines[-1]) == (0, "2 sent, 3 unchanged")
    assert clone.push().out == "5 unchanged\n"
    assert [file.name for file in (clone.root / ".promptstudio").iterdir()] == ["sync.json"]


def test_half_a_change_that_was_sent_is_no_conflict(clone: Clone, remote: Remote) -> None:
    """A file that was edited and moved, cut off between the two."""
    clone.write("greet", "1").unlink()
    file = clone.write("greet", "1")
    clone.push()
    file.unlink()
    clone.write("x/greet", "2")
    remote.on("PATCH /api/prompts/greet", answers(503, BUSY))
    assert clone.push().lines[-1] == "1 failed"
    assert remote.texts() == {"greet": "2"}
    assert clone.push().lines[-1] == "1 sent"
    assert remote.texts() == {"x/greet": "2"}


def test_a_redirect_takes_the_key_nowhere(clone: Clone, remote: Remote, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with Remote(elsewhere) as other:
        for path in ("prompts", "partials"):
            remote.on(f"GET /api/{path}", answers(307, b"", Location=f"{other.url}/api/{path}"))
        result = clone.pull()
        assert result.code == 1
        assert f"sends us to {other.url}" in result.err
        assert other.requests == []


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"<html>"), (404, b"<html>"), (200, b"[]"), (200, b"{}"), (404, b"{}")]
)
def test_what_is_no_workspace_is_told(clone: Clone, remote: Remote, status: int, body: bytes) -> None:
    remote.on("GET /api/prompts", answers(status, body))
    result = clone.pull()
    assert result.code == 1
    assert f"What answers at {remote.url} is no workspace of PromptStudio." in result.err


def test_a_key_over_an_open_network_is_warned_of(clone: Clone, remote: Remote) -> None:
    result = clone.pull("--url", remote.url.replace("127.0.0.1", "0.0.0.0"))
    assert result.code == 0
    assert "is not https" in result.err


def test_where_there_is_no_project_it_says_so(clone: Clone, remote: Remote) -> None:
    (clone.root / "promptstudio.toml").unlink()
    for result in (clone.push(), clone.pull()):
        assert result.code == 1
        assert "There is no promptstudio.toml" in result.err
    assert remote.requests == []


def test_the_key_is_in_no_output_and_no_file(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "Hi")
    printed = [clone.push(), clone.pull("--json"), clone.push("--dry-run")]
    assert all(remote.key not in result.out + result.err for result in printed)
    files = [file for file in clone.root.rglob("*") if file.is_file()]
    assert all(remote.key.encode() not in file.read_bytes() for file in files)
