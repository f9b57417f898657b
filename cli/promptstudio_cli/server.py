"""Running the server, with its refusals as sentences."""

import os
from pathlib import Path

from promptstudio.endpoint.keys import KeysError
from promptstudio.prompts.diagnostics import CompileError
from promptstudio.settings import SettingsError
from promptstudio_cli.errors import CommandError
from promptstudio_cli.project import show
from promptstudio_functions.local import ServeError
from promptstudio_functions.local import serve as serve_project


def run_server(root: Path, *, data: Path, host: str, port: int, dev: bool) -> None:
    """Serve the project until it is told to stop; raises CommandError where that cannot begin."""
    try:
        serve_project(root, data=data, environ=os.environ, report=_report, host=host, port=port, dev=dev)
    except CompileError as error:
        show(error.diagnostics)
        raise CommandError("The prompts do not compile.", "Mend what is named above.") from None
    except (KeysError, SettingsError, ServeError) as error:
        raise CommandError(str(error)) from None


def _report(line: str) -> None:
    print(line, flush=True)
