"""What became of each prompt and partial, and how it is told."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from promptstudio.values import Json
from promptstudio_cli.sync.differences import Change, Identity, Kind
from promptstudio_cli.sync.places import printable
from promptstudio_cli.sync.plan import Action, Verb
from promptstudio_cli.sync.workspace import Published

_DONE: Final = {
    Verb.create: "sent",
    Verb.update: "sent",
    Verb.delete: "deleted",
    Verb.write: "written",
    Verb.remove: "removed",
    Verb.record: "unchanged",
    Verb.keep: "unchanged",
    Verb.forget: "unchanged",
    Verb.conflict: "conflict",
    Verb.refuse: "refused",
}
_SETTLED: Final = (Verb.record, Verb.forget)
_TOLD: Final = {
    Change.new_there: "to pull",
    Change.changed_there: "to pull",
    Change.new_here: "to push",
    Change.changed_here: "to push",
    Change.deleted_here: "deleted here",
    Change.deleted_there: "deleted there",
}
_ACTS: Final = ("sent", "written", "deleted", "removed", "kept", "published")
_BAD: Final = ("refused", "conflict", "breaking", "failed")
_ORDER: Final = (*_ACTS, "unchanged", *dict.fromkeys(_TOLD.values()), *_BAD)
_PLURALS: Final = {"conflict": "conflicts"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`word` is what is counted in the summary; `problems` are what the workspace says of the text."""

    identity: Identity
    path: str
    word: str
    detail: str = ""
    problems: tuple[str, ...] = ()
    published: Published | None = None

    @property
    def ok(self) -> bool:
        return self.word not in _BAD

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to say of it."""
        return self.word == "unchanged" and not self.problems

    def line(self, *, dry_run: bool = False) -> str:
        """A line for people, and one for each of the problems."""
        word = f"would be {self.word}" if dry_run and self.word in _ACTS else self.word
        title = printable(self.path or name_of(self.identity))
        said = ": ".join(filter(None, [title, word, printable(self.detail)]))
        return "\n".join([said, *(f"  {problem}" for problem in self.problems)])

    def row(self) -> dict[str, Json]:
        """The same as JSON."""
        row: dict[str, Json] = {
            "kind": self.identity.kind.value,
            "name": self.identity.name,
            "path": self.path,
            "result": self.word,
        }
        if self.detail:
            row["detail"] = self.detail
        if self.problems:
            row["problems"] = list(self.problems)
        if self.published:
            row |= {"version": self.published.number, "semver": self.published.semver}
        return row


def name_of(identity: Identity) -> str:
    """How a prompt or partial is named on the command line."""
    return f"_{identity.name}" if identity.kind is Kind.partial else identity.name


def planned(action: Action) -> Outcome:
    """What becomes of an action if all goes well."""
    change, word = action.difference.change, _DONE.get(action.verb, "")
    if action.verb is Verb.tell:
        word = _TOLD[change]
    elif action.verb in _SETTLED and change in (Change.conflict, Change.deleted_there):
        word = "kept"
    return Outcome(action.identity, action.path, word, action.reason)


def failed(action: Action, detail: str, word: str = "failed") -> Outcome:
    """What is said of an action that could not be done."""
    return Outcome(action.identity, action.path, word, detail)


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many there are of each word: what was done, what was left, what went wrong."""
    found = Counter(outcome.word for outcome in outcomes)
    return {word: found[word] for word in _ORDER if word in found}


def summary(outcomes: Sequence[Outcome]) -> str:
    """`3 sent, 1 unchanged, 1 conflict`."""
    rows = [f"{count} {_plural(word, count)}" for word, count in counts(outcomes).items()]
    return ", ".join(rows) or "Nothing here and nothing in the workspace."


def _plural(word: str, count: int) -> str:
    return _PLURALS.get(word, word) if count > 1 else word
