import base64
import json
import subprocess
from pathlib import Path
from urllib.request import urlopen

from tests.cli.command import COMMAND, environment, use_provider, write_prompt
from tests.cli.server import Server

EXAMPLES = ["classify", "extract", "summarize", "support-reply", "translate"]


def names(server: Server) -> list[str]:
    return [prompt["name"] for prompt in server.get("/v1/prompts")["prompts"]]


def test_outside_a_project_the_examples_stream_without_any_key(tmp_path: Path) -> None:
    with Server(tmp_path, "dev", "--data", "state") as server:
        assert names(server) == EXAMPLES
        status, frames = server.run("summarize", {"variables": {"text": "It rains."}, "stream": True})
    assert status == 200
    assert frames.startswith("event: start\n")
    assert "event: delta\n" in frames
    assert "It rains." in json.loads(frames.split("event: done\ndata: ")[1])["output"]["text"]
    assert any("examples are now in state/project" in line for line in server.said)


def test_every_example_runs_with_its_sample_input(tmp_path: Path) -> None:
    with Server(tmp_path, "dev", "--data", "state") as server:
        for name in EXAMPLES:
            sample = json.loads((tmp_path / "state" / "project" / "inputs" / f"{name}.json").read_text())
            status, body = server.run(name, sample)
            assert status == 200, body


def test_what_the_person_changed_stays(tmp_path: Path) -> None:
    with Server(tmp_path, "dev", "--data", "state"):
        pass
    changed = tmp_path / "state" / "project" / "prompts" / "summarize.prompt"
    changed.write_text("Mine: {{text}}")
    (changed.parent / "translate.prompt").unlink()
    with Server(tmp_path, "dev", "--data", "state") as server:
        assert "translate" not in names(server)
    assert changed.read_text() == "Mine: {{text}}"


def test_a_project_in_the_folder_is_served_instead(project: Path) -> None:
    with Server(project, "dev") as server:
        assert names(server) == ["greet"]
    assert not (project / ".promptstudio" / "project").exists()


def test_a_changed_prompt_is_served_at_once(project: Path) -> None:
    with Server(project, "dev") as server:
        write_prompt(project, "new", "New: {{text}}")
        server.wait_for("again")
        assert names(server) == ["greet", "new"]


def test_a_mistake_is_told_and_the_last_good_prompts_go_on(project: Path) -> None:
    with Server(project, "dev") as server:
        write_prompt(project, "greet", "{{#if a}}")
        server.wait_for("prompts/greet.prompt:1:1: error: ")
        assert names(server) == ["greet"]


def test_a_missing_key_means_an_echo_and_is_said(project: Path) -> None:
    use_provider(project, "http://127.0.0.1:9/v1")
    with Server(project, "dev") as server:
        _, body = server.run("greet", {"variables": {"who": "Ada"}})
    assert json.loads(body)["model"] == "echo/echo"
    assert any("greet" in line and "echo" in line for line in server.said)


def test_the_page_is_served(tmp_path: Path) -> None:
    with Server(tmp_path, "dev", "--data", "state") as server, urlopen(server.address) as page:
        assert page.headers["Content-Type"].startswith("text/html")


def test_a_store_of_another_sealing_key_is_not_served(project: Path) -> None:
    first, other = (base64.b64encode(bytes([byte]) * 32).decode() for byte in (1, 2))
    with Server(project, "dev", PROMPTSTUDIO_SEALING_KEY=f"env:{first}"):
        pass
    again = subprocess.run(
        [COMMAND, "dev", "--port", "0"],
        cwd=project,
        env=environment({"PROMPTSTUDIO_SEALING_KEY": f"env:{other}"}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert again.returncode == 1
    assert "Error: " in again.stderr
    assert "PROMPTSTUDIO_SEALING_KEY" in again.stderr
    assert "Traceback" not in again.stderr
