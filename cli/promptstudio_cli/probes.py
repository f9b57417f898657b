"""What `doctor` looks at: this machine, the project's files, its providers."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from promptstudio.errors import AppError
from promptstudio.prompts.bundle import load_bundle
from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.diagnostics import CompileError
from promptstudio_cli.errors import CommandError
from promptstudio_cli.findings import Finding
from promptstudio_cli.local_store import count_keys
from promptstudio_cli.project import current_project, data_folder
from promptstudio_cli.reach import reach_providers

_NODE_MAJOR: Final = 20
_TOOL_TIMEOUT_S: Final = 15
_LOOPBACK: Final = "127.0.0.1"
_KEYS: Final = "PROMPTSTUDIO_KEYS"


def examine(port: int, data: Path | None) -> list[Finding]:
    """All that `doctor` can say here. It connects to the providers in use, and to nothing else."""
    folder = data_folder(data)
    machine = [_python(), _node(), _wrangler(), _port(port), _data(folder), _keys(folder)]
    return [*machine, *_project()]


def _python() -> Finding:
    # The package itself does not install on an older Python.
    return Finding("python", "ok", sys.version.split()[0])


def _node() -> Finding:
    advice = f"Only generated projects need it: install Node {_NODE_MAJOR} or newer from nodejs.org."
    version = _version("node")
    if version is None:
        return Finding("node", "warning", "Not found.", advice)
    major = version.removeprefix("v").partition(".")[0]
    if not major.isdecimal() or int(major) < _NODE_MAJOR:
        return Finding("node", "warning", f"{version} is too old.", advice)
    return Finding("node", "ok", version)


def _wrangler() -> Finding:
    version = _version("wrangler")
    if version is not None:
        return Finding("wrangler", "ok", version)
    if shutil.which("npm"):
        return Finding(
            "wrangler", "ok", "Not installed globally; `npm install` in a generated project brings it."
        )
    return Finding(
        "wrangler",
        "warning",
        "Neither wrangler nor npm is found.",
        "Only deploying to Cloudflare needs them.",
    )


def _version(tool: str) -> str | None:
    """The last line that `tool --version` prints; None where it does not run."""
    path = shutil.which(tool)
    if path is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - one of the two names above, found in PATH
            [path, "--version"], capture_output=True, text=True, timeout=_TOOL_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    lines = done.stdout.split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), None)


def _port(port: int) -> Finding:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_LOOPBACK, port))
        except OSError as error:
            # It may well be our own server that runs already.
            return Finding(
                f"port {port}", "warning", f"Not free: {error.strerror}.", "Serve on another: --port N"
            )
    return Finding(f"port {port}", "ok", "Free.")


def _data(folder: Path) -> Finding:
    """Whether local state can be written to the folder, or to the nearest one above it that is there."""
    existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    try:
        with TemporaryFile(dir=existing):
            return Finding("data", "ok", f"{folder} can be written.")
    except OSError as error:
        return Finding(
            "data",
            "missing",
            f"{folder} cannot be written: {error.strerror}.",
            "Name another folder: --data DIR",
        )


def _keys(folder: Path) -> Finding:
    if os.environ.get(_KEYS):
        return Finding("keys", "ok", f"{_KEYS} is set and is what `serve` reads.")
    try:
        count = count_keys(folder)
    except AppError as error:
        return Finding("keys", "missing", error.detail)
    if count:
        return Finding("keys", "ok", f"{count} in {folder}.")
    return Finding(
        "keys",
        "warning",
        "There are none, so `serve` answers this machine alone, without a key.",
        "Before others call it: promptstudio keys create NAME",
    )


def _project() -> list[Finding]:
    try:
        project = current_project()
        compiled = compile_bundle(project.sources, project.settings)
    except CommandError as error:
        return [Finding("project", "warning", error.message, error.advice)]
    except CompileError as error:
        return [Finding("project", "missing", str(error), "See more: promptstudio check")]
    if compiled.bundle is None:
        return [
            Finding("project", "missing", f"{project.root} does not compile.", "See why: promptstudio check")
        ]
    bundle = load_bundle(compiled.bundle)
    found = Finding("project", "ok", f"{project.root} (prompts: {len(bundle.prompts)})")
    if compiled.diagnostics:
        found = Finding("project", "warning", str(compiled.diagnostics[0]), "See all: promptstudio check")
    return [found, *reach_providers(bundle.providers.values(), os.environ)]
