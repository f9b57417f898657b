from pathlib import Path

from promptstudio.access.tokens import TokenKind
from promptstudio.endpoint.keys import workspace_of
from tests.cli.command import Command


def test_each_link_is_another_into_the_same_workspace(promptstudio: Command, project: Path) -> None:
    links = [promptstudio("sign-in").stdout.strip() for _ in range(2)]
    assert links[0] != links[1]
    prefix = "http://127.0.0.1:8787/sign-in?token="
    tokens = [link.removeprefix(prefix) for link in links]
    assert len({workspace_of(TokenKind.sign_in, token) for token in tokens} - {None}) == 1


def test_the_link_leads_where_the_platform_is(promptstudio: Command, project: Path) -> None:
    link = promptstudio("sign-in", "--url", "https://prompts.example.com/").stdout
    assert link.startswith("https://prompts.example.com/sign-in?token=ps_signin_")


def test_outside_a_project_it_needs_a_folder(promptstudio: Command) -> None:
    assert promptstudio("sign-in").returncode == 1
    assert promptstudio("sign-in", "--data", "state").returncode == 0
