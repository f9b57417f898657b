import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command, use_provider
from tests.cli.provider import Provider, Reply


def examine(promptstudio: Command, *more: str, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    result = promptstudio("doctor", "--json", "--port", str(free_port()), *more, **environment)
    report = json.loads(result.stdout)
    assert report["ok"] == (result.returncode == 0)
    return result.returncode, {check["name"]: check for check in report["checks"]}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_a_project_on_echo_needs_nothing(promptstudio: Command, project: Path) -> None:
    returncode, checks = examine(promptstudio)
    assert returncode == 0
    assert checks["provider echo"]["status"] == "ok"
    assert checks["project"]["detail"] == f"{project} (prompts: 1)"
    assert {"python", "node", "wrangler", "data", "keys"} <= checks.keys()


def test_a_provider_that_answers(promptstudio: Command, project: Path, provider: Provider) -> None:
    use_provider(project, provider.url)
    provider.replies = [Reply([b"{}"])]
    returncode, checks = examine(promptstudio, LOCAL_KEY="secret")
    assert returncode == 0
    assert checks["provider local"]["detail"] == f"{provider.url} answers and takes LOCAL_KEY."
    [call] = provider.calls
    assert (call.method, call.path, call.headers["authorization"]) == ("GET", "/v1/models", "Bearer secret")


@pytest.mark.parametrize(
    ("status", "key", "said"),
    [
        (401, "wrong", "refuses the key in LOCAL_KEY"),
        (401, "", "LOCAL_KEY is not set"),
        (200, " ", "LOCAL_KEY is not set"),
    ],
)
def test_a_missing_or_wrong_key_comes_with_advice(
    promptstudio: Command, project: Path, provider: Provider, status: int, key: str, said: str
) -> None:
    use_provider(project, provider.url)
    provider.replies = [Reply(status=status)]
    returncode, checks = examine(promptstudio, LOCAL_KEY=key)
    assert returncode == 1
    assert checks["provider local"]["status"] == "missing"
    assert said in checks["provider local"]["detail"]
    assert checks["provider local"]["advice"]


def test_a_redirect_takes_the_key_nowhere(promptstudio: Command, project: Path, provider: Provider) -> None:
    use_provider(project, provider.url)
    provider.replies = [Reply(status=302, headers={"Location": f"{provider.url}/elsewhere"})]
    examine(promptstudio, LOCAL_KEY="secret")
    assert len(provider.calls) == 1


def test_a_provider_that_is_not_there(promptstudio: Command, project: Path) -> None:
    use_provider(project, f"http://127.0.0.1:{free_port()}/v1", key_variable=None)
    returncode, checks = examine(promptstudio)
    assert returncode == 1
    assert "cannot be reached" in checks["provider local"]["detail"]
    assert "start the server" in checks["provider local"]["advice"]


def test_a_project_that_does_not_compile(promptstudio: Command, project: Path) -> None:
    (project / "prompts" / "bad.prompt").write_text("{{#if a}}")
    returncode, checks = examine(promptstudio)
    assert returncode == 1
    assert "promptstudio check" in checks["project"]["advice"]


def test_outside_a_project_it_still_looks_at_the_tools(promptstudio: Command) -> None:
    returncode, checks = examine(promptstudio)
    assert returncode == 0
    assert checks["project"]["status"] == "warning"
    assert checks["python"]["status"] == "ok"


def test_a_port_in_use_is_said(promptstudio: Command, project: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        result = promptstudio("doctor", "--port", str(port))
    assert f"port {port}" in result.stdout
    assert "Not free" in result.stdout


def test_keys_that_cannot_be_read_are_a_failure(promptstudio: Command, project: Path) -> None:
    (project / ".promptstudio").mkdir()
    (project / ".promptstudio" / "promptstudio.db").write_text("this is no database" * 100)
    returncode, checks = examine(promptstudio)
    assert returncode == 1
    assert checks["keys"]["status"] == "missing"
    assert "Restore it" in checks["keys"]["detail"]


def test_keys_are_counted_and_nothing_is_made(promptstudio: Command, project: Path) -> None:
    examine(promptstudio)
    assert not (project / ".promptstudio").exists()
    promptstudio("keys", "create", "ci")
    promptstudio("keys", "create", "old")
    promptstudio("keys", "revoke", "old")
    _, checks = examine(promptstudio)
    assert checks["keys"]["detail"] == f"1 in {project / '.promptstudio'}."


def test_the_table_shows_advice_beside_what_is_missing(promptstudio: Command, project: Path) -> None:
    result = promptstudio("doctor", "--port", str(free_port()))
    assert "promptstudio keys create NAME" in result.stdout
    assert "\x1b[" not in result.stdout
