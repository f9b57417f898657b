"""What differs between the files here, the workspace there, and what both held at the last sync."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple


class Kind(StrEnum):
    """What a .prompt file is. Partials sort first, because prompts need them."""

    partial = "partial"
    prompt = "prompt"


class Identity(NamedTuple):
    """What is the same thing here and there, wherever it lies."""

    kind: Kind
    name: str


class Content(NamedTuple):
    """What has to be alike: the text, by its SHA-256 in hex, and a prompt's folder (of partials, none)."""

    folder: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Here:
    """A file. `path` is relative to the project's root, `folder` to the folder of the prompts."""

    path: str
    folder: str
    text: str

    @property
    def content(self) -> Content:
        return Content(self.folder, _digest(self.text))


@dataclass(frozen=True, slots=True)
class There:
    """A draft or partial of the workspace, as it was just read. `etag` is that of its text."""

    folder: str
    text: str
    etag: str

    @property
    def content(self) -> Content:
        return Content(self.folder, _digest(self.text))


@dataclass(frozen=True, slots=True)
class Synced:
    """What both sides held at the last sync, and the path that it had here."""

    path: str
    content: Content
    etag: str


class Change(StrEnum):
    """Which side has changed since the last sync. `gone` is what was synced and is on neither side."""

    same = "same"
    new_here = "new here"
    new_there = "new there"
    changed_here = "changed here"
    changed_there = "changed there"
    deleted_here = "deleted here"
    deleted_there = "deleted there"
    conflict = "conflict"
    gone = "gone"


@dataclass(frozen=True, slots=True)
class Difference:
    """One prompt or partial on both sides; None where it is not."""

    identity: Identity
    here: Here | None
    there: There | None
    synced: Synced | None

    @property
    def change(self) -> Change:
        here, there, base = (_content(side) for side in (self.here, self.there, self.synced))
        if here is None or there is None:
            return _presence(here, there, base)
        changes = set(map(_changed_side, here, there, base or (None, None))) - {Change.same}
        if len(changes) > 1:
            return Change.conflict
        return changes.pop() if changes else Change.same


def _content(side: Here | There | Synced | None) -> Content | None:
    return side.content if side else None


def _presence(here: Content | None, there: Content | None, base: Content | None) -> Change:
    """What has happened to what is missing on at least one side."""
    if here == there:
        return Change.gone
    if base is None:
        return Change.new_there if here is None else Change.new_here
    if base not in (here, there):
        return Change.conflict
    return Change.deleted_here if here is None else Change.deleted_there


def _changed_side(here: str, there: str, base: str | None) -> Change:
    """Who has changed one thing of a content. What both have changed alike is the same."""
    if here == there:
        return Change.same
    if here == base:
        return Change.changed_there
    return Change.changed_here if there == base else Change.conflict


def differences(
    here: Mapping[Identity, Here], there: Mapping[Identity, There], synced: Mapping[Identity, Synced]
) -> list[Difference]:
    """All that is on either side or was synced once, partials first and each kind by name."""
    known: Iterable[Identity] = {*here, *there, *synced}
    return [Difference(each, here.get(each), there.get(each), synced.get(each)) for each in sorted(known)]


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
