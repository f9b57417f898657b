"""The entry point. Here, once, every error becomes a sentence on stderr and an exit code."""

import os
import sys
from typing import NoReturn

from promptstudio.errors import AppError
from promptstudio.prompts.diagnostics import CompileError
from promptstudio_cli.errors import PROBLEM, CommandError

INTERRUPTED = 130  # 128 + SIGINT, as shells report it
TRACEBACK_ENV = "PROMPTSTUDIO_TRACEBACK"


def main() -> None:
    """Run the `promptstudio` command with the process's arguments."""
    try:
        _dispatch(sys.argv[1:])
    except CommandError as error:
        _end(error.exit_code, error.message, error.advice)
    except CompileError as error:
        print(error, file=sys.stderr)
        _end(PROBLEM, "The project's files have to be mended first.")
    except AppError as error:
        _end(PROBLEM, error.detail, *(f"  {field.pointer}: {field.message}" for field in error.errors))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.exit(PROBLEM)
    except OSError as error:
        _end(PROBLEM, f"{error.filename or 'The system'}: {error.strerror or error}")
    except Exception as error:
        if os.environ.get(TRACEBACK_ENV):
            raise
        _end(
            PROBLEM,
            f"promptstudio failed: {type(error).__name__}: {error}",
            f"This is a fault of ours. Set {TRACEBACK_ENV}=1 and report what is then printed.",
        )
    finally:
        _flush()


def _dispatch(arguments: list[str]) -> None:
    if arguments[:1] == ["serve"]:
        # A deployment pays for imports at every start, and Typer's cost half as much as the server's.
        from promptstudio_cli.serve import serve

        serve(arguments[1:])
    else:
        from promptstudio_cli.app import app

        app()


def _end(exit_code: int, message: str, *advice: str) -> NoReturn:
    print("\n".join([f"Error: {message}", *filter(None, advice)]), file=sys.stderr)
    sys.exit(exit_code)


def _flush() -> None:
    """Write out what is buffered; a reader that went away (`| head`) is no error."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would flush again at exit and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
