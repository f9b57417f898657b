"""How a command ends when it cannot do what it was asked."""

from typing import Final

PROBLEM: Final = 1
USAGE: Final = 2


class CommandError(Exception):
    """One sentence that says what is wrong, and one that says what to do about it."""

    def __init__(self, message: str, advice: str = "", *, exit_code: int = PROBLEM) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.exit_code = exit_code


class UsageError(CommandError):
    """The command line itself is not right."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message, advice, exit_code=USAGE)
