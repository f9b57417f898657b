import json
import shutil
from pathlib import Path

from tests.cli.command import Command


def test_the_same_files_give_the_same_bytes(promptstudio: Command, project: Path) -> None:
    first = promptstudio("build", "-o", "bundle.json")
    assert first.returncode == 0
    shutil.copytree(project / "prompts", project / "copy" / "prompts")
    shutil.copy(project / "promptstudio.toml", project / "copy")
    promptstudio("build", "-o", "bundle.json", folder="copy")
    assert (project / "bundle.json").read_bytes() == (project / "copy" / "bundle.json").read_bytes()
    assert promptstudio("build", "-o", "-").stdout.encode() == (project / "bundle.json").read_bytes()


def test_the_bundle_says_what_it_holds(promptstudio: Command, project: Path) -> None:
    result = promptstudio("build", "-o", "bundle.json")
    bundle = json.loads((project / "bundle.json").read_text())
    assert bundle["format"] == 1
    assert list(bundle["prompts"]) == ["greet"]
    assert bundle["hash"] in result.stdout


def test_a_changed_prompt_changes_the_hash(promptstudio: Command, project: Path) -> None:
    before = json.loads(promptstudio("build", "-o", "-").stdout)["hash"]
    prompt = project / "prompts" / "greet.prompt"
    prompt.write_text(prompt.read_text().replace("Greet", "Welcome"))
    assert json.loads(promptstudio("build", "-o", "-").stdout)["hash"] != before
