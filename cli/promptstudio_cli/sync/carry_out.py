"""Doing what was planned, action by action. What succeeded is recorded before the next one begins."""

from dataclasses import replace
from http import HTTPStatus

from promptstudio_cli.sync.connection import RefusedError
from promptstudio_cli.sync.differences import Content, Here, Synced, There
from promptstudio_cli.sync.files import FileChangedError, Files, remove_file, write_file
from promptstudio_cli.sync.outcome import Outcome, failed, planned
from promptstudio_cli.sync.plan import Action, Verb
from promptstudio_cli.sync.record import SyncRecord
from promptstudio_cli.sync.workspace import Sent, Workspace
from promptstudio_generators.write import UnsafePathError


async def send(action: Action, workspace: Workspace, record: SyncRecord) -> Outcome:
    """Do an action of a push. Raises UnreachableError, and CommandError where no other can succeed."""
    try:
        problems = await _send(action, workspace, record)
    except RefusedError as error:
        if error.status == HTTPStatus.PRECONDITION_FAILED:
            return failed(action, "changed in the workspace at this very moment", "conflict")
        return failed(action, str(error))
    return replace(planned(action), problems=problems)


async def _send(action: Action, workspace: Workspace, record: SyncRecord) -> tuple[str, ...]:
    identity, here, there = action.identity, action.difference.here, action.difference.there
    if action.verb is Verb.create and here:
        sent = await workspace.create(identity, here)
        record.set(identity, Synced(here.path, here.content, sent.etag))
        return sent.problems
    if action.verb is Verb.update and here and there:
        return await _update(action, workspace, record, here, there)
    if action.verb is Verb.delete and there:
        await workspace.delete(identity, there)
        record.drop(identity)
    else:
        _remember(action, record)
    return ()


async def _update(
    action: Action, workspace: Workspace, record: SyncRecord, here: Here, there: There
) -> tuple[str, ...]:
    """Send the text, then the folder, each if it is another, and record each by itself."""
    identity, sent = action.identity, Sent(there.etag)
    if here.text != there.text:
        sent = await workspace.replace(identity, here, there)
        record.set(identity, Synced(here.path, Content(there.folder, here.content.sha256), sent.etag))
    if here.folder != there.folder:
        await workspace.move(identity, here, there)
        record.set(identity, Synced(here.path, here.content, sent.etag))
    return sent.problems


def receive(action: Action, files: Files, record: SyncRecord) -> Outcome:
    """Do an action of a pull."""
    here, there = action.difference.here, action.difference.there
    try:
        if action.verb is Verb.write and there:
            write_file(files, action.path, there.text, here)
            record.set(action.identity, Synced(action.path, there.content, there.etag))
        elif action.verb is Verb.remove and here:
            remove_file(files, here)
            record.drop(action.identity)
        else:
            _remember(action, record)
    except (FileChangedError, UnsafePathError) as error:
        return failed(action, str(error), "refused")
    except OSError as error:
        return failed(action, error.strerror or str(error))
    return planned(action)


def _remember(action: Action, record: SyncRecord) -> None:
    """Do what only changes the record of the last sync."""
    there = action.difference.there
    if action.verb is Verb.record and there:
        record.set(action.identity, Synced(action.path, there.content, there.etag))
    elif action.verb is Verb.forget:
        record.drop(action.identity)
