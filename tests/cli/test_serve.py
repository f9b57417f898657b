import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command import Command, use_provider
from tests.cli.provider import Provider, Reply
from tests.cli.server import Server

ADA = {"variables": {"who": "Ada"}}


def test_it_prints_its_address_and_serves_the_protocol(project: Path) -> None:
    with Server(project, "serve") as server:
        assert server.get("/health")["status"] == "ok"
        assert [prompt["name"] for prompt in server.get("/v1/prompts")["prompts"]] == ["greet"]
        status, body = server.run("greet", ADA)
    assert status == 200
    assert "Greet Ada." in json.loads(body)["output"]["text"]


def test_it_runs_on_the_model_of_the_project(project: Path, provider: Provider) -> None:
    use_provider(project, provider.url)
    answer = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
    provider.replies = [Reply([json.dumps(answer).encode()])]
    with Server(project, "serve", LOCAL_KEY="secret") as server:
        _, body = server.run("greet", ADA)
    assert json.loads(body)["output"]["text"] == "Hello"
    assert provider.calls[0].headers["authorization"] == "Bearer secret"


def test_a_created_key_is_needed_and_a_revoked_one_refused(promptstudio: Command, project: Path) -> None:
    created = json.loads(promptstudio("keys", "create", "ci", "--json").stdout)
    with Server(project, "serve") as server:
        assert server.run("greet", ADA)[0] == 401
        assert server.run("greet", ADA, created["key"])[0] == 200
        promptstudio("keys", "revoke", "ci")
        deadline = time.monotonic() + 10
        while server.run("greet", ADA, created["key"])[0] != 401:
            assert time.monotonic() < deadline, "a revoked key is still good"


def test_keys_of_the_environment_go_before_the_file(promptstudio: Command, project: Path) -> None:
    created = json.loads(promptstudio("keys", "create", "ci", "--json").stdout)
    with Server(project, "serve", PROMPTSTUDIO_KEYS="[]") as server:
        assert server.run("greet", ADA, created["key"])[0] == 401


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quietly(project: Path, signal_number: int) -> None:
    with Server(project, "serve") as server:
        assert server.stop(signal_number) == 0
    assert server.said[1:] == [""]


def test_without_keys_it_serves_this_machine_alone(promptstudio: Command, project: Path) -> None:
    result = promptstudio("serve", "--host", "0.0.0.0", "--port", "0")
    assert result.returncode == 1
    assert "promptstudio keys create NAME" in result.stderr


def test_a_port_in_use_is_one_sentence(promptstudio: Command, project: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        result = promptstudio("serve", "--port", port)
    assert result.returncode == 1
    assert port in result.stderr
    assert "Traceback" not in result.stderr


def test_a_name_that_no_host_can_have_is_one_sentence(promptstudio: Command, project: Path) -> None:
    result = promptstudio("serve", "--host", "a" * 64)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"Error: Cannot listen at {'a' * 64}: no host can have this name.\n"


def test_starting_a_server_imports_no_command_line_framework() -> None:
    program = (
        "import sys; sys.argv = ['promptstudio', 'serve', '--help']\n"
        "from promptstudio_cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "import promptstudio_cli.server\n"
        "print([name for name in ('typer', 'rich', 'jinja2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\n[]\n")
