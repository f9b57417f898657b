"""`promptstudio serve`: the Endpoint Protocol, for production.

Its options are argparse's, so that starting a server imports no command-line framework.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Final

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8787


def serve(arguments: list[str]) -> None:
    """Run `promptstudio serve` with the arguments that follow its name."""
    options = _parser().parse_args(arguments)

    from promptstudio_cli.project import data_folder, project_root
    from promptstudio_cli.server import run_server

    run_server(
        project_root(),
        data=data_folder(options.data),
        host=options.host,
        port=options.port,
        dev=False,
    )


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        "promptstudio serve",
        description="Serve the Endpoint Protocol for this project.",
        epilog="API keys are read from PROMPTSTUDIO_KEYS, else from the store in the data folder.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--host", default=DEFAULT_HOST, help=f"the address to listen at (default {DEFAULT_HOST})"
    )
    parser.add_argument(
        "--port",
        type=port,
        default=DEFAULT_PORT,
        help=f"the port; 0 takes a free one (default {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--data", type=Path, help="the folder of local state (default: the project's .promptstudio)"
    )
    return parser


def port(text: str) -> int:
    """A port's number. argparse tells of the ValueError by this function's name."""
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError(text)
    return number
