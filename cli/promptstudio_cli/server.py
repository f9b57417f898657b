"""Running the server, with its refusals as sentences."""

import os
from pathlib import Path

from promptstudio.endpoint.keys import KeysError
from promptstudio.settings import SettingsError
from promptstudio_cli.errors import CommandError
from promptstudio_functions.local import ServeError
from promptstudio_functions.local import serve as serve_project


def run_server(root: Path, *, data: Path, host: str, port: int, dev: bool) -> None:
    """Serve the project until told to stop; raises CommandError, or CompileError, where it cannot begin."""
    try:
        serve_project(root, data=data, environ=os.environ, report=_report, host=host, port=port, dev=dev)
    except (KeysError, SettingsError, ServeError) as error:
        raise CommandError(str(error)) from None


def _report(line: str) -> None:
    print(line, flush=True)
