"""The installed command and what it is run on."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

COMMAND = Path(sys.executable).with_name("promptstudio")

Command = Callable[..., subprocess.CompletedProcess[str]]


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """What the command sees: nothing of the developer's own keys."""
    return {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", "COLUMNS": "100", **extra}


def write_prompt(root: Path, name: str, text: str) -> Path:
    """Write prompts/NAME.prompt."""
    path = root / "prompts" / f"{name}.prompt"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def use_provider(root: Path, base_url: str, *, key_variable: str | None = "LOCAL_KEY") -> None:
    """Write promptstudio.toml with a provider `local` at a base URL, whose model `small` is the default."""
    key = f'api_key_env = "{key_variable}"\n' if key_variable else ""
    (root / "promptstudio.toml").write_text(
        f'name = "acme"\nmodel = "local/small"\n'
        f'[providers.local]\ntype = "openai-chat"\nbase_url = "{base_url}"\n{key}'
        f'[models."local/small"]\ninput = "1"\noutput = "2"\n'
    )


GREET = """\
---
input:
  schema:
    who: string, whom to greet
    times?: integer
    loud?: boolean
    tags?(array): string
---
{{role "system"}}
You greet people.
{{role "user"}}
Greet {{who}}{{#if times}} {{times}} times{{/if}}{{#if loud}} loudly{{/if}}.{{#each tags}} #{{this}}{{/each}}
"""
