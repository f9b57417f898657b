"""What a generated Lambda project runs: its bundle, and secrets that may change while it runs."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from promptstudio.aws_secrets import SecretsError, read_secrets
from promptstudio.endpoint.exchange import Receive, Scope, Send
from promptstudio.endpoint.gate import Journal
from promptstudio.storage.port import Store
from promptstudio.target import open_target

_KEPT_S: Final = 50.0

logger: Final = logging.getLogger(__name__)


class LambdaEndpoint:
    """The endpoint as an ASGI application.

    The secrets that lie where the environment says (see `read_secrets`) are added to the environment; the API
    keys among them are read again as soon as they are 50 seconds old. `store` and `namespace` are what
    open_target takes; `read` and `now` are there for tests. Raises what open_target does, and SecretsError.
    """

    def __init__(
        self,
        bundle: Path,
        environ: Mapping[str, str],
        journal: Journal | None = None,
        *,
        store: Store | None = None,
        namespace: str = "endpoint",
        read: Callable[[Mapping[str, str]], dict[str, str]] = read_secrets,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environ = environ
        self._read = read
        self._now = now
        self._read_at = now()
        self._reading = asyncio.Lock()
        self._target = open_target(bundle, self._merged(), journal, store, namespace)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._now() - self._read_at >= _KEPT_S:
            await self._refresh()
        await self._target.endpoint(scope, receive, send)

    async def _refresh(self) -> None:
        """Let in whoever has a key now. While the secrets cannot be read, the keys stay as they were."""
        async with self._reading:
            if self._now() - self._read_at < _KEPT_S:
                return
            self._read_at = self._now()
            try:
                self._target.admit(await asyncio.to_thread(self._merged))
            except (SecretsError, ValueError) as error:
                logger.warning("The API keys could not be read again: %s", error)

    def _merged(self) -> dict[str, str]:
        return {**self._environ, **self._read(self._environ)}
