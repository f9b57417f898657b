"""How a workspace's runs reach its providers: over connections that all share, with keys of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from pydantic import SecretStr

from promptstudio.providers.base import Provider, ProviderRequest
from promptstudio.providers.catalog import ADAPTERS
from promptstudio.providers.transport import Connections, Target, once

_PROBE_S: Final = 15.0

Keys = Callable[[Provider], Awaitable[SecretStr | None]]
"""A workspace's key for a provider, at the address the provider has now; None for one that takes no key.

Raises AppError where there should be a key and is none. It is asked for each request.
"""


class WorkspaceTransport:
    """Sends the requests of one workspace, and holds nothing but the way to its keys.

    What a request is sent with is made for it alone, so that no workspace meets another's key, and a key
    that was changed or taken away is not used again. Failures are those of Connections and of `keys`.
    Raises ValueError for connections that nobody guards: here people set the URLs.
    """

    def __init__(self, connections: Connections, keys: Keys) -> None:
        if connections.guard is None:
            raise ValueError("a workspace's connections need a guard")
        self._connections = connections
        self._keys = keys

    async def send(self, provider: Provider, request: ProviderRequest) -> bytes:
        """The whole body of the provider's 2xx answer. An echo's request is its answer."""
        if provider.type == "echo":
            return request.body
        return await self._connections.send(await self._target(provider, request), request.body)

    @asynccontextmanager
    async def stream(
        self, provider: Provider, request: ProviderRequest
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The same body as it comes, as Connections.stream gives it."""
        if provider.type == "echo":
            yield once(request.body)
            return
        target = await self._target(provider, request)
        async with self._connections.stream(target, request.body) as chunks:
            yield chunks

    async def probe(self, provider: Provider) -> int:
        """The status that the provider answers with when it is asked for its models."""
        request = ProviderRequest("/models", ADAPTERS[provider.type].headers, b"")
        impatient = replace(provider, timeout_s=min(provider.timeout_s, _PROBE_S))
        return await self._connections.status(await self._target(impatient, request))

    async def _target(self, provider: Provider, request: ProviderRequest) -> Target:
        key = await self._keys(provider)
        return self._connections.target(provider, request, None if key is None else key.get_secret_value())
