"""What `push` and `pull` print: a line for each thing that is not as it was, and a summary."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, cast

from promptstudio.values import Json, dumps
from promptstudio_cli.sync.outcome import Outcome, counts, name_of, summary
from promptstudio_cli.sync.places import printable

_ADVICE: Final = """
What differs: promptstudio pull --diff {name}
Take the workspace's: promptstudio pull --theirs {name}
Keep the file: promptstudio pull --ours {name}, then push"""


@dataclass(slots=True)
class Report:
    """Lines are printed as they come, the summary or JSON at the end, also at an end that comes too early.

    `url` is the workspace's address.
    """

    url: str
    as_json: bool
    dry_run: bool
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing was refused and nothing failed."""
        return all(outcome.ok for outcome in self.outcomes)

    def add(self, outcome: Outcome) -> None:
        """Tell what became of something."""
        self.outcomes.append(outcome)
        if not (self.as_json or outcome.quiet):
            print(outcome.line(dry_run=self.dry_run), flush=True)

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Print the end behind what happens inside, whatever that is."""
        complete = False
        try:
            yield
            complete = True
        finally:
            print(self._json(complete=complete) if self.as_json else self._summary())

    def _json(self, *, complete: bool) -> str:
        row: dict[str, Json] = {
            "ok": complete and self.ok,
            "complete": complete,
            "dry_run": self.dry_run,
            "url": self.url,
            "summary": cast("Json", counts(self.outcomes)),
            "results": [outcome.row() for outcome in self.outcomes],
        }
        return dumps(row)

    def _summary(self) -> str:
        said = summary(self.outcomes)
        if self.dry_run:
            said += " (a dry run: nothing was changed)"
        conflicts = [name_of(outcome.identity) for outcome in self.outcomes if outcome.word == "conflict"]
        return "\n".join([said, *(_ADVICE.format(name=printable(name)) for name in conflicts[:1])])
