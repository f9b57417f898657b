"""What the documents tell people to type works as it stands there."""

import json
import re
from pathlib import Path

from promptstudio.values import Json
from tests.cli.command import Command, write_prompt
from tests.conftest import ROOT


def prompt_in(document: str) -> str:
    """The first .prompt file that a document shows."""
    found = re.search(r"```\n(---\n.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def messages(promptstudio: Command, *arguments: str) -> list[dict[str, Json]]:
    result = promptstudio("render", *arguments, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    rendered: list[dict[str, Json]] = json.loads(result.stdout)["messages"]
    return rendered


def test_the_prompt_of_the_readme(promptstudio: Command, project: Path) -> None:
    write_prompt(project, "greet", prompt_in("README.md"))
    assert promptstudio("check").stdout == "No problems.\n"
    assert messages(promptstudio, "greet", "--var", "name=Ada", "--var", "tone=warm") == [
        {"role": "system", "content": "You greet the customers of Acme, and sound warm."},
        {"role": "user", "content": "Greet Ada."},
    ]


def test_the_stored_prompt_of_the_guide_answers_to_its_old_name(promptstudio: Command, project: Path) -> None:
    write_prompt(project, "support-reply", prompt_in("docs/openai-stored-prompts.md"))
    assert promptstudio("check").stdout == "No problems.\n"
    [system, user] = messages(
        promptstudio, "pmpt_68a1f0c2", "--var", "customer=Ada", "--var", "topic=an invoice"
    )
    assert system["content"] == "You answer customers of Acme, briefly and warmly."
    assert user["content"] == "Write a reply to Ada about an invoice."
