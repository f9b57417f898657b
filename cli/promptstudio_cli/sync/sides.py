"""Both sides, read and compared."""

import sys
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from promptstudio.prompts.project import Project
from promptstudio_cli.errors import CommandError, UsageError
from promptstudio_cli.project import DATA_FOLDER
from promptstudio_cli.sync.access import Access
from promptstudio_cli.sync.connection import RefusedError, connected
from promptstudio_cli.sync.differences import Difference, Identity, differences
from promptstudio_cli.sync.files import Files, read_files
from promptstudio_cli.sync.outcome import name_of
from promptstudio_cli.sync.places import printable
from promptstudio_cli.sync.record import SyncRecord
from promptstudio_cli.sync.workspace import Workspace

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Sides:
    """The files, the workspace, and how each thing that was asked for differs."""

    files: Files
    workspace: Workspace
    record: SyncRecord
    found: Sequence[Difference]


@asynccontextmanager
async def meeting(project: Project, access: Access, names: Collection[str]) -> AsyncIterator[Sides]:
    """The project and the workspace compared, all of them or what is named.

    Raises UsageError for a name that neither side has, and CommandError.
    """
    if access.in_the_clear:
        print(f"Warning: {access.url} is not https: others on the way can read the API key.", file=sys.stderr)
    record = SyncRecord(project.root / DATA_FOLDER, access.workspace)
    synced = record.entries()
    files = read_files(project, synced)
    async with connected(access) as connection:
        workspace = Workspace(connection)
        try:
            folders = await workspace.folders()
            wanted = _wanted({*files.here, *folders, *synced}, names)
            there = await workspace.read(_only(folders, wanted))
        except RefusedError as error:
            raise CommandError(f"The workspace cannot be read: {error}") from None
        found = differences(_only(files.here, wanted), there, _only(synced, wanted))
        yield Sides(files, workspace, record, found)


def _wanted(known: Collection[Identity], names: Collection[str]) -> Collection[Identity]:
    """What is named among what is known; all of it without names."""
    if not names:
        return known
    by_name = {name_of(identity): identity for identity in known}
    for name in names:
        if name not in by_name:
            raise UsageError(
                f'There is no prompt "{printable(name)}", here or in the workspace.',
                "A prompt is named by its name, without folder and .prompt, and a partial as _NAME.",
            )
    return {by_name[name] for name in names}


def _only(side: Mapping[Identity, _T], wanted: Collection[Identity]) -> dict[Identity, _T]:
    return {identity: each for identity, each in side.items() if identity in wanted}
