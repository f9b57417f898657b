"""The one tree of errors. Codes, statuses and texts stand in protocol.json, which both runtimes read."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final

PROTOCOL: Final = json.loads(Path(__file__).with_name("protocol.json").read_bytes())
BOUNDS: Final[dict[str, int]] = PROTOCOL["bounds"]

_CODES: Final[dict[str, dict[str, str | int]]] = PROTOCOL["codes"]
_PROBLEMS: Final[dict[str, dict[str, str]]] = PROTOCOL["problems"]


class FieldError:
    """What is wrong with one value: a JSON pointer into the body, and a sentence."""

    __slots__ = ("message", "pointer")

    def __init__(self, pointer: str, message: str) -> None:
        self.pointer = pointer
        self.message = message

    def __repr__(self) -> str:
        return f"{self.pointer}: {self.message}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldError) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


class AppError(Exception):
    """A refusal that the caller can read: `problem` names a row of protocol.json's `problems`.

    `code` and `status` follow from it; `parameters` fill the text's braces. `retry_after` is in seconds.
    """

    codes: ClassVar = _CODES
    problems: ClassVar = _PROBLEMS

    def __init__(
        self,
        problem: str,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
        **parameters: str | int,
    ) -> None:
        row = self.problems[problem]
        self.problem = problem
        self.code = row["code"]
        self.status = int(self.codes[self.code]["status"])
        self.title = str(self.codes[self.code]["title"])
        self.detail = fill(row["detail"], parameters)
        self.errors = tuple(errors)
        self.retry_after = retry_after
        super().__init__(self.detail)


def fill(text: str, parameters: dict[str, str | int]) -> str:
    """Put each parameter in the place of its `{name}`, once, never looking into what was put in."""
    if "{" not in text:
        return text
    head, *rest = text.split("{")
    for piece in rest:
        name, _, tail = piece.partition("}")
        head += f"{parameters[name]}{tail}"
    return head
