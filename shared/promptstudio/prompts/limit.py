"""How often a version may be run."""

from dataclasses import dataclass
from typing import Final, Literal

from promptstudio.errors import PROTOCOL

WINDOWS_S: Final[dict[str, int]] = PROTOCOL["limits"]["windows_s"]
"""How long each `per` is, in seconds."""

Subject = Literal["prompt", "key", "user"]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `requests` runs in each window of a second, minute, hour or day: `by` says whose are counted
    together, all of the prompt, those of an API key or those of an end user."""

    requests: int
    per: str
    by: Subject

    @property
    def name(self) -> str:
        """What callers see it called: `key-minute`."""
        return f"{self.by}-{self.per}"

    @property
    def window_s(self) -> int:
        return WINDOWS_S[self.per]
