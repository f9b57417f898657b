"""What `push` and `pull` will do, decided before anything is done.

No action overwrites a side that changed since the last sync, unless `ours` or `theirs` asks for that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from promptstudio.prompts.file import Source
from promptstudio_cli.sync.differences import Change, Difference, Identity, Kind
from promptstudio_cli.sync.places import PlaceError, identify, place


class Verb(StrEnum):
    """`create`, `update` and `delete` change the workspace, `write` and `remove` the files, `record` and
    `forget` only what is kept of the last sync. `tell` leaves it to the person or to the other command, a
    `conflict` to the person; `refuse` is for what cannot be a file."""

    create = "create"
    update = "update"
    delete = "delete"
    write = "write"
    remove = "remove"
    record = "record"
    forget = "forget"
    keep = "keep"
    tell = "tell"
    conflict = "conflict"
    refuse = "refuse"


class Settle(StrEnum):
    """Whose side wins where both have changed: the files' or the workspace's."""

    ours = "ours"
    theirs = "theirs"


@dataclass(frozen=True, slots=True)
class Action:
    """`path` is the file that is meant, there already or not; empty where there can be none."""

    verb: Verb
    difference: Difference
    path: str
    reason: str = ""

    @property
    def identity(self) -> Identity:
        return self.difference.identity


_PUSH: Final = {
    Change.new_here: Verb.create,
    Change.changed_here: Verb.update,
    Change.conflict: Verb.conflict,
    Change.gone: Verb.forget,
}
_PULL: Final = {
    Change.new_there: Verb.write,
    Change.changed_there: Verb.write,
    Change.conflict: Verb.conflict,
    Change.gone: Verb.forget,
}
_TELL_PUSH: Final = {
    Change.new_there: "new in the workspace",
    Change.changed_there: "changed in the workspace; pull first",
    Change.deleted_here: "--delete deletes it in the workspace too",
    Change.deleted_there: "pull --delete removes the file, pull --ours keeps it to be pushed anew",
}
_TELL_PULL: Final = {
    Change.new_here: "new here",
    Change.changed_here: "changed here",
    Change.deleted_here: "push --delete deletes it in the workspace too, pull --theirs brings it back",
    Change.deleted_there: "--delete removes the file, --ours keeps it to be pushed anew",
}


def plan_push(
    found: Iterable[Difference], doubtful: Mapping[Identity, str], *, delete: bool = False
) -> list[Action]:
    """An action for each difference, in the order in which they can be done.

    `doubtful` says why the files of some identities cannot be used. Deletions come last, and partials are
    deleted behind the prompts that may use them.
    """
    verbs = {**_PUSH, Change.deleted_here: Verb.delete} if delete else _PUSH
    actions = [_action(each, verbs, _TELL_PUSH, doubtful) for each in found]
    deletions = [action for action in actions if action.verb is Verb.delete]
    return [action for action in actions if action.verb is not Verb.delete] + deletions[::-1]


def plan_pull(
    found: Iterable[Difference],
    doubtful: Mapping[Identity, str],
    *,
    prompts: str,
    paths: Iterable[str],
    delete: bool = False,
    settle: Settle | None = None,
) -> list[Action]:
    """An action for each difference. `prompts` is the folder of the prompts, `paths` are all files in it,
    both relative to the project's root. `settle` decides conflicts, and what one side has deleted."""
    verbs = {**_PULL, Change.deleted_there: Verb.remove} if delete else _PULL
    taken = {path.casefold(): path for path in paths}
    actions: list[Action] = []
    for each in found:
        action = _action(each, _settled(verbs, each, settle), _TELL_PULL, doubtful)
        if action.verb is Verb.write:
            action = _placed(action, prompts, taken)
        actions.append(action)
    return actions


def _action(
    difference: Difference,
    verbs: Mapping[Change, Verb],
    tell: Mapping[Change, str],
    doubtful: Mapping[Identity, str],
) -> Action:
    change, path = difference.change, _known_path(difference)
    if difference.identity in doubtful:
        return Action(Verb.refuse, difference, path, doubtful[difference.identity])
    if change is Change.same:
        return Action(Verb.keep if _is_recorded(difference) else Verb.record, difference, path)
    verb = verbs.get(change, Verb.tell)
    reason = tell.get(change, "") if verb is Verb.tell else ""
    return Action(verb, difference, path, _conflict(difference) if verb is Verb.conflict else reason)


def _settled(
    verbs: Mapping[Change, Verb], difference: Difference, settle: Settle | None
) -> Mapping[Change, Verb]:
    """The verbs with conflicts settled. A file is removed only where deleting was asked for as well."""
    if settle is Settle.ours:
        seen = Verb.record if difference.there else Verb.forget
        return {**verbs, Change.conflict: seen, Change.deleted_there: Verb.forget}
    if settle is Settle.theirs:
        gone = verbs.get(Change.deleted_there, Verb.conflict)
        taken = Verb.write if difference.there else gone
        return {**verbs, Change.conflict: taken, Change.deleted_here: Verb.write}
    return verbs


def _known_path(difference: Difference) -> str:
    side = difference.here or difference.synced
    return side.path if side else ""


def _is_recorded(difference: Difference) -> bool:
    here, there, synced = difference.here, difference.there, difference.synced
    return (
        here is not None
        and there is not None
        and synced is not None
        and (synced.path, synced.content, synced.etag) == (here.path, here.content, there.etag)
    )


def _conflict(difference: Difference) -> str:
    if difference.here is None:
        return "deleted here, but changed in the workspace"
    if difference.there is None:
        return "changed here, but deleted in the workspace"
    if difference.synced is None:
        return "here and in the workspace, and the two differ"
    return "changed here and in the workspace since the last sync"


def _placed(action: Action, prompts: str, taken: dict[str, str]) -> Action:
    """The writing of a file with its path, or its refusal. Adds the path to those that are taken."""
    try:
        path = _target(action.difference, prompts)
    except PlaceError as error:
        return Action(Verb.refuse, action.difference, action.path, str(error))
    own = action.difference.here.path if action.difference.here else None
    other = taken.get(path.casefold(), own)
    if other != own:
        return Action(
            Verb.refuse, action.difference, path, f"it would be written to {other}, which is another file"
        )
    taken[path.casefold()] = path
    return Action(Verb.write, action.difference, path)


def _target(difference: Difference, prompts: str) -> str:
    """Where the workspace's text is to be; raises PlaceError."""
    identity, here, there = difference.identity, difference.here, difference.there
    assert there is not None  # noqa: S101 - only what is there is written here
    if identity.kind is Kind.partial and here is not None:
        return here.path
    names = [PurePosixPath(here.path).name, None] if here else [None]
    for name in names:  # a text that lost its `name` no longer fits a file that is called otherwise
        path = place(prompts, identity, there.folder, name)
        named = identify(Source(path, there.text))
        if named == identity:
            return path
    raise PlaceError(f"as a file it would be the {named.kind} {named.name}")
