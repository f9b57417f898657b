"""What a generated Lambda project runs: its bundle, and secrets from Parameter Store that may change."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from promptstudio.endpoint.exchange import Receive, Scope, Send
from promptstudio.endpoint.gate import Journal
from promptstudio.parameter_store import ParametersError, read_parameters
from promptstudio.target import open_target

_PATH: Final = "PROMPTSTUDIO_PARAMETERS"
_KEPT_S: Final = 50.0

logger: Final = logging.getLogger(__name__)

Read = Callable[[str, Mapping[str, str]], dict[str, str]]


class LambdaEndpoint:
    """The endpoint as an ASGI application.

    Where PROMPTSTUDIO_PARAMETERS names a path in Parameter Store, what lies under it is added to the
    environment; the API keys among it are read again as soon as they are 50 seconds old. `read` and `now`
    are there for tests. Raises what open_target does, and ParametersError.
    """

    def __init__(
        self,
        bundle: Path,
        environ: Mapping[str, str],
        journal: Journal | None = None,
        *,
        read: Read = read_parameters,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environ = environ
        self._path = environ.get(_PATH, "")
        self._read = read
        self._now = now
        self._read_at = now()
        self._reading = asyncio.Lock()
        self._target = open_target(bundle, self._merged(), journal)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._path and self._now() - self._read_at >= _KEPT_S:
            await self._refresh()
        await self._target.endpoint(scope, receive, send)

    async def _refresh(self) -> None:
        """Let in whoever has a key now. While the store does not answer, the keys stay as they were."""
        async with self._reading:
            if self._now() - self._read_at < _KEPT_S:
                return
            self._read_at = self._now()
            try:
                self._target.admit(await asyncio.to_thread(self._merged))
            except (ParametersError, ValueError) as error:
                logger.warning("The API keys could not be read again: %s", error)

    def _merged(self) -> dict[str, str]:
        if not self._path:
            return dict(self._environ)
        return {**self._environ, **self._read(self._path, self._environ)}
