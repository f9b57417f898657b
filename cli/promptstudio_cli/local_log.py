"""The audit log of the local workspace, as commands use it."""

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from promptstudio_cli.errors import CommandError
from promptstudio_cli.local_store import in_store, state_folder
from promptstudio_cli.project import data_folder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from promptstudio.access.principal import Principal
    from promptstudio.audit.log import AuditLog
    from promptstudio.storage.port import Store

_T = TypeVar("_T")


def in_log(data: Path | None, work: "Callable[[AuditLog, str], Awaitable[_T]]") -> _T:
    """Do something with the audit logs of this machine's store; `work` also takes the local workspace."""

    async def opened(store: "Store", by: "Principal", _: float) -> _T:
        return await work(await _open(store, data), by.workspace)

    return in_store(data, opened)


def in_recorded_store(
    data: Path | None,
    route: tuple[str, str],
    work: "Callable[[Store, Principal, float], Awaitable[_T]]",
) -> _T:
    """Do in the local workspace what a route of the API does, so that the audit log tells of it likewise."""
    from promptstudio.audit.entries import Source
    from promptstudio.audit.recorder import Recorder
    from promptstudio_functions.acts import ACTS

    async def recorded(store: "Store", by: "Principal", now: float) -> _T:
        log = await _open(store, data)
        return await work(Recorder(log, ACTS[route], by, Source(user_agent="promptstudio keys")), by, now)

    return in_store(data, recorded)


def local_key(data: Path | None) -> tuple[str, bytes] | None:
    """The local workspace and the key of its log; None where there is no store, which is then not made."""
    from promptstudio_functions.local_platform import FILE

    if not (data_folder(data) / FILE).exists():
        return None

    async def work(log: "AuditLog", workspace: str) -> tuple[str, bytes]:
        return workspace, log.key(workspace)

    return in_log(data, work)


def known_key(data: Path | None, workspace: str | None) -> bytes | None:
    """The key of this machine's log where that is of this workspace, None taking any; it makes nothing.

    Raises CommandError and AppError where the store or the key cannot be had.
    """
    from promptstudio.audit.log import has_log
    from promptstudio_functions.local_platform import FILE, known_workspace, open_store

    async def read(folder: Path) -> bytes | None:
        store = open_store(folder)
        try:
            known = await known_workspace(store)
            if known is None or (workspace is not None and workspace != known) or not await has_log(store):
                return None
            return (await _open(store, data)).key(known)
        finally:
            await store.close()

    folder = data_folder(data)
    return asyncio.run(read(folder)) if (folder / FILE).exists() else None


async def _open(store: "Store", data: Path | None) -> "AuditLog":
    from promptstudio.audit.log import open_log
    from promptstudio.sealing_keys import SETTING, open_sealer
    from promptstudio.settings import SettingsError

    try:
        sealer = await open_sealer(store, os.environ.get(SETTING), state_folder(data))
    except SettingsError as error:
        raise CommandError(str(error)) from None
    return await open_log(store, sealer, time.time)
