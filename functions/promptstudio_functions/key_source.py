"""Where a local server finds its API keys: the environment, or a file that may change meanwhile."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from promptstudio.endpoint.keys import KeyRing, KeysError

FILE: Final = "keys.json"

_NOBODY: Final = KeyRing(())
_LOOK_EVERY_S: Final = 0.05
_UNSEEN: Final = (0, 0, 0)

logger = logging.getLogger(__name__)


class KeySource:
    """The keys in force.

    `text`, the JSON of PROMPTSTUDIO_KEYS, goes before the file. Where there is neither, the server is open;
    with `required` it is then closed to everybody. Raises KeysError where the text or the file is not
    what it should be; a file that breaks later closes the server until it is mended.
    """

    def __init__(
        self,
        text: str | None,
        path: Path,
        *,
        required: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fixed = _parse(text, "PROMPTSTUDIO_KEYS") if text and text.strip() else None
        self._path = path
        self._without = _NOBODY if required else None
        self._clock = clock
        self._stamp = self._look()
        self._ring = self._fixed or self._read()
        self._due_s = clock() + _LOOK_EVERY_S

    def current(self) -> KeyRing | None:
        """The keys as of a moment ago, None where the server is open."""
        if self._fixed is None and self._clock() >= self._due_s:
            self._due_s = self._clock() + _LOOK_EVERY_S
            stamp = self._look()
            if stamp != self._stamp:
                self._stamp = stamp
                self._ring = self._reread()
        return self._ring

    def _look(self) -> tuple[int, int, int] | None:
        """What changes when the file does; None where there is none."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError:
            return _UNSEEN  # reading it will tell why
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _reread(self) -> KeyRing | None:
        try:
            return self._read()
        except KeysError as error:
            logger.error("%s Nobody is let in until this is mended.", error)
            return _NOBODY

    def _read(self) -> KeyRing | None:
        try:
            return _parse(self._path.read_text(encoding="utf-8"), str(self._path))
        except FileNotFoundError:
            return self._without
        except (OSError, UnicodeDecodeError) as error:
            message = f"{self._path} cannot be read: {error}."
            raise KeysError(message) from error


def _parse(text: str, place: str) -> KeyRing:
    try:
        return KeyRing.parse(text)
    except KeysError as error:
        message = f"{place}: {error} It has to be what `promptstudio keys create` writes to {FILE}."
        raise KeysError(message) from None
