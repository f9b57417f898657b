""".promptstudio/sync.json: what the files and each workspace held when they were last alike.

Losing it loses no work: both sides are compared anew, and where they differ a person has to say which holds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from promptstudio.values import InvalidJsonError, Json, dumps, loads
from promptstudio_cli import whole_file
from promptstudio_cli.errors import CommandError
from promptstudio_cli.folder_lock import locked
from promptstudio_cli.sync.differences import Content, Identity, Kind, Synced

FILE: Final = "sync.json"

_Rows = dict[str, Json]


@dataclass(frozen=True, slots=True)
class SyncRecord:
    """The part of `folder`/sync.json about one workspace. Each change is on the disk when it returns."""

    folder: Path
    workspace: str

    def entries(self) -> dict[Identity, Synced]:
        """What was synced; raises CommandError where the file is damaged."""
        rows = self._read().get(self.workspace, [])
        try:
            return dict(_entry(cast("Mapping[str, str]", row)) for row in cast("list[Json]", rows))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise self._damaged() from None

    def set(self, identity: Identity, synced: Synced) -> None:
        """Record that both sides hold this."""
        self._change(lambda entries: entries.update({identity: synced}))

    def drop(self, identity: Identity) -> None:
        """Forget that it ever was synced."""
        self._change(lambda entries: entries.pop(identity, None))

    def _change(self, change: Callable[[dict[Identity, Synced]], object]) -> None:
        with locked(self.folder):
            entries = self.entries()
            change(entries)
            rows: list[Json] = [_row(identity, entries[identity]) for identity in sorted(entries)]
            text = dumps({**self._read(), self.workspace: rows}, "  ") + "\n"
            whole_file.put(self.folder / FILE, text.encode(), whole_file.OWNER_ONLY)

    def _read(self) -> _Rows:
        try:
            rows = loads((self.folder / FILE).read_bytes())
        except FileNotFoundError:
            return {}
        except InvalidJsonError:
            raise self._damaged() from None
        if not isinstance(rows, dict):
            raise self._damaged()
        return rows

    def _damaged(self) -> CommandError:
        return CommandError(
            f"{self.folder / FILE} cannot be read.",
            "Delete it: what is alike on both sides is found again, and nothing is overwritten.",
        )


def _entry(row: Mapping[str, str]) -> tuple[Identity, Synced]:
    members = {name: row[name] for name in ("kind", "name", "path", "folder", "sha256", "etag")}
    if not all(isinstance(member, str) for member in members.values()):
        raise TypeError(row)
    content = Content(members["folder"], members["sha256"])
    return Identity(Kind(members["kind"]), members["name"]), Synced(members["path"], content, members["etag"])


def _row(identity: Identity, synced: Synced) -> dict[str, Json]:
    return {
        "kind": identity.kind.value,
        "name": identity.name,
        "path": synced.path,
        "folder": synced.content.folder,
        "sha256": synced.content.sha256,
        "etag": synced.etag,
    }
