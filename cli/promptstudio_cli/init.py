"""`promptstudio init`: a new project that works at once."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Final

import typer

from promptstudio_cli.errors import CommandError, UsageError
from promptstudio_cli.examples import EXAMPLES

NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")

# What init writes: a file's place in the project, and where its text comes from.
_FROM_STARTER: Final = {
    "promptstudio.toml": "promptstudio.toml",
    "README.md": "README.md",
    ".gitignore": "gitignore",
}
_FROM_EXAMPLES: Final = ("prompts/summarize.prompt", "inputs/summarize.json")


def init(
    name: Annotated[str, typer.Argument(help="The project's name, and its folder's.")],
) -> None:
    """Start a project: promptstudio.toml, a first prompt, a README."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f'"{name}" cannot be a project\'s name.',
            "Use lower-case letters, digits and hyphens, beginning with a letter: at most 63 characters.",
        )
    folder = Path(name)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise CommandError(
            f"{name} is already there, and init overwrites nothing.", "Choose another name, or move it away."
        )
    for path, text in _texts(name).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    typer.echo(
        f"{name} is ready. Next:\n\n  cd {name}\n  promptstudio check\n"
        "  promptstudio run summarize --input inputs/summarize.json --stream\n  promptstudio dev"
    )


def _texts(name: str) -> dict[str, str]:
    starter = files("promptstudio_cli") / "starter"
    ours = {path: _read(starter / source) for path, source in _FROM_STARTER.items()}
    texts = {path: text.replace("PROJECT_NAME", name) for path, text in ours.items()}
    return texts | {path: _for_any_model(_read(EXAMPLES / path)) for path in _FROM_EXAMPLES}


def _read(file: Traversable) -> str:
    return file.read_text(encoding="utf-8")


def _for_any_model(text: str) -> str:
    """The example on the project's default model, whichever that becomes: not all take a temperature."""
    return re.sub(r"^(?:model|  temperature): .*\n", "", text, flags=re.MULTILINE)
