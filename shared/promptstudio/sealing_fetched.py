"""Keys that are kept elsewhere: fetched when they are needed, kept for five minutes and no longer.

Who may no longer fetch a key can soon open nothing; there is no way to go on without.
"""

import asyncio
import base64
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from promptstudio.platform_errors import PlatformError
from promptstudio.sealing import KEY_BYTES, Context, LocalKey, key_id
from promptstudio.settings import SettingsError

KEPT_S: Final = 300.0
PATIENCE_S: Final = 5

_RETRY_AFTER_S: Final = 5

Fetch = Callable[[], Awaitable[bytes]]
"""Gets a key from where it is kept; raises PlatformError sealing_unavailable."""

logger = logging.getLogger(__name__)


class Fetched:
    """A key fetched once for all who wait, and kept for KEPT_S. A failure is shared too, but not kept."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._due = 0.0
        self._task: asyncio.Future[bytes] | None = None

    async def get(self) -> bytes:
        task = self._task
        if task is None or (task.done() and (self.is_due() or task.exception() is not None)):
            self._due = self._clock() + KEPT_S
            task = self._task = asyncio.ensure_future(self._fetch())
            task.add_done_callback(_seen)
        return await asyncio.shield(task)  # who leaves takes it from nobody else

    def is_due(self) -> bool:
        return self._clock() >= self._due


def _seen(task: "asyncio.Future[bytes]") -> None:
    """Have asyncio not complain where all who waited have left."""
    if not task.cancelled():
        task.exception()


class FetchedKey:
    """A key-encryption key that comes to us. `source` is where from, as the setting names it."""

    def __init__(self, source: str, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.id = key_id(source.encode())
        self._key = Fetched(fetch, clock)

    async def wrap(self, data_key: bytes, context: Context) -> bytes:
        return await LocalKey(await self._key.get()).wrap(data_key, context)

    async def unwrap(self, wrapped: bytes, context: Context) -> bytes:
        return await LocalKey(await self._key.get()).unwrap(wrapped, context)


def decoded_key(text: str, place: str) -> bytes:
    """A key in base64; raises SettingsError, which never shows the text."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        message = f"{place} should hold {KEY_BYTES} random bytes in base64: openssl rand -base64 {KEY_BYTES}"
        raise SettingsError(message)
    return key


def unavailable(source: str, reason: str) -> PlatformError:
    """What to raise where a key cannot be had; the reason goes to the log."""
    logger.error("The sealing key %s cannot be had: %s.", source, reason)
    return PlatformError("sealing_unavailable", retry_after=_RETRY_AFTER_S)
