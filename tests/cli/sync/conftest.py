"""push and pull, run in this process on a project of their own, against a workspace that listens."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from promptstudio_cli.main import main
from tests.cli.sync.remote import Remote


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Clone:
    """A folder with a project, in which commands are run."""

    def __init__(self, root: Path, run: Callable[..., Ran], remote: Remote) -> None:
        self.root = root
        self._remote = remote
        self._run = run
        (root / "prompts").mkdir(parents=True)
        (root / "promptstudio.toml").write_text('name = "acme"\n', encoding="utf-8")

    def write(self, path: str, text: str) -> Path:
        """Write prompts/PATH.prompt."""
        file = self.root / "prompts" / f"{path}.prompt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        return file

    def texts(self) -> dict[str, str]:
        """All files' texts, by path without prompts/ and .prompt."""
        folder = self.root / "prompts"
        return {
            file.relative_to(folder).as_posix().removesuffix(".prompt"): file.read_bytes().decode()
            for file in sorted(folder.rglob("*.prompt"))
        }

    def push_deletions(self) -> Ran:
        """A push that deletes prompts there, for which a key needs the scope admin."""
        return self._run(self.root, "push", "--delete", PROMPTSTUDIO_API_KEY=self._remote.admin)

    def push(self, *arguments: str, **environ: str) -> Ran:
        return self._run(self.root, "push", *arguments, **environ)

    def pull(self, *arguments: str, **environ: str) -> Ran:
        return self._run(self.root, "pull", *arguments, **environ)


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    folder = tmp_path / "workspace"
    folder.mkdir()
    with Remote(folder) as remote:
        yield remote


@pytest.fixture
def run(
    remote: Remote, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Runs `promptstudio ARGUMENTS…` in a folder, with the workspace in the environment."""

    def run(root: Path, *arguments: str, **environ: str) -> Ran:
        known = {"PROMPTSTUDIO_URL": remote.url, "PROMPTSTUDIO_API_KEY": remote.key, **environ}
        with monkeypatch.context() as context:
            context.chdir(root)
            context.setattr(sys, "argv", ["promptstudio", *arguments])
            for name, value in known.items():
                context.setenv(name, value)
            code = 0
            try:
                main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


@pytest.fixture
def clone(tmp_path: Path, run: Callable[..., Ran], remote: Remote) -> Clone:
    return Clone(tmp_path / "clone", run, remote)


@pytest.fixture
def second(tmp_path: Path, run: Callable[..., Ran], remote: Remote) -> Clone:
    return Clone(tmp_path / "second", run, remote)
