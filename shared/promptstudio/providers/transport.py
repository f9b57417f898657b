"""The only place that calls a model: aiohttp, kept open and pooled, with our own timers and retries."""

import asyncio
import itertools
import math
import random as chance
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final, NoReturn

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from promptstudio.errors import BOUNDS, PROTOCOL, AppError
from promptstudio.providers.base import Provider, ProviderRequest
from promptstudio.providers.catalog import ADAPTERS
from promptstudio.providers.retry import retry_after_s, wait_s

_ANSWER_BYTES: Final = BOUNDS["provider_answer_bytes"]
_RETRIED: Final[frozenset[int]] = frozenset(PROTOCOL["provider_retried"])
_KEEPALIVE_S: Final = 60
_WHOLE_BYTES: Final = 1 << 20  # aiohttp warns of more: written in one go they would hold up other requests

_HEADERS: Final = {
    "Content-Type": "application/json",
    "Accept-Encoding": "identity",  # what is compressed comes late, block by block
    "User-Agent": "promptstudio",
}


@dataclass(frozen=True, slots=True)
class _Target:
    """What all requests to one path of a provider share, made once. The headers hold its key."""

    provider: Provider
    url: URL
    headers: CIMultiDict[str] = field(repr=False)
    timeout: aiohttp.ClientTimeout


class Transport:
    """Sends requests to providers. Keys are read from `environ`, and go nowhere but into a header.

    Every failure is an AppError: provider_key_missing, provider_busy, provider_status,
    provider_unreachable, provider_timeout, provider_garbage or provider_truncated. A provider's
    `timeout_s` bounds the wait for its first byte, every silence after, and, from the first byte on, a
    body that is not streamed. `sleep` (seconds), `now` (seconds since 1970) and `random` (0 to 1) are
    there for tests.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        connect_s: float = BOUNDS["provider_connect_s"],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
        random: Callable[[], float] = chance.random,
    ) -> None:
        self._environ = environ
        self._connect_s = connect_s
        self._sleep = sleep
        self._now = now
        self._random = random
        self._session: aiohttp.ClientSession | None = None
        self._targets: dict[tuple[str, str], _Target] = {}

    async def send(self, provider: Provider, request: ProviderRequest) -> bytes:
        """The whole body of the provider's 2xx answer. An echo's request is its answer."""
        if provider.type == "echo":
            return request.body
        response = await self._open(self._target(provider, request), request.body)
        try:
            return await _Chunks(provider, response, provider.timeout_s).whole()
        finally:
            response.close()  # of a body read to its end, the connection is back in the pool already

    @asynccontextmanager
    async def stream(
        self, provider: Provider, request: ProviderRequest
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The same body as it comes: entered once the provider has answered 2xx.

        Leaving before its end closes the connection, so that the provider stops.
        """
        if provider.type == "echo":
            yield _once(request.body)
            return
        response = await self._open(self._target(provider, request), request.body)
        try:
            yield _Chunks(provider, response, math.inf)
        finally:
            response.close()

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _target(self, provider: Provider, request: ProviderRequest) -> _Target:
        target = self._targets.get((provider.name, request.path))
        if target is None or target.provider is not provider:
            target = self._targets[provider.name, request.path] = self._new_target(provider, request)
        return target

    def _new_target(self, provider: Provider, request: ProviderRequest) -> _Target:
        headers = CIMultiDict(_HEADERS)
        headers.update(request.headers)
        headers.update(provider.headers)
        if provider.api_key_env is not None:
            api = ADAPTERS[provider.type]
            headers[api.key_header] = api.key_prefix + self._key(provider, provider.api_key_env)
        return _Target(
            provider=provider,
            url=URL(provider.base_url.rstrip("/") + request.path),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_s, sock_read=provider.timeout_s),
        )

    def _key(self, provider: Provider, env: str) -> str:
        key = self._environ.get(env, "").strip()
        if not key:
            raise AppError("provider_key_missing", provider=provider.name, env=env)
        return key

    async def _open(self, target: _Target, body: bytes) -> aiohttp.ClientResponse:
        """A 2xx response, its body unread, after as many attempts as it may take."""
        for attempt in itertools.count(1):
            outcome = await self._attempt(target, body)
            if not isinstance(outcome, AppError):
                return outcome
            wait = wait_s(attempt, outcome.retry_after, self._random())
            if wait is None:
                raise outcome
            await self._sleep(wait)
        raise AssertionError  # unreachable: the count has no end

    async def _attempt(self, target: _Target, body: bytes) -> aiohttp.ClientResponse | AppError:
        """A 2xx response, or an error after which another attempt makes sense. Other errors are raised."""
        name = target.provider.name
        data = body if len(body) <= _WHOLE_BYTES else BytesIO(body)
        try:
            response = await self._connected().post(
                target.url, data=data, headers=target.headers, timeout=target.timeout, allow_redirects=False
            )
        except TimeoutError:
            raise AppError("provider_timeout", provider=name) from None
        except (aiohttp.ClientError, OSError):
            return AppError("provider_unreachable", provider=name)
        status = response.status
        if 200 <= status < 300:
            return response
        response.close()
        if status < 500 and status not in _RETRIED:
            raise AppError("provider_status", provider=name, status=status)
        retry_after = retry_after_s(response.headers.get("Retry-After"), self._now())
        return AppError("provider_busy", provider=name, status=status, retry_after=retry_after)

    def _connected(self) -> aiohttp.ClientSession:
        """The session, made late because it belongs to the running event loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session


class _Chunks:
    """An answer's body, chunk by chunk. A body that is not streamed has to be there within `whole_s`."""

    __slots__ = ("_due", "_provider", "_response", "_size")

    def __init__(self, provider: Provider, response: aiohttp.ClientResponse, whole_s: float) -> None:
        self._provider = provider
        self._response = response
        self._due = time.monotonic() + whole_s
        self._size = 0

    async def whole(self) -> bytes:
        chunks = [await self._read()]
        while not self._response.content.at_eof():
            chunks.append(await self._read())
        return b"".join(chunks)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self._read()
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def _read(self) -> bytes:
        """The next chunk; empty at the end."""
        try:
            chunk = await self._response.content.readany()
        except TimeoutError:
            self._fail("provider_timeout")
        except (aiohttp.ClientError, OSError):
            self._fail("provider_truncated")
        if time.monotonic() > self._due:  # a timer of aiohttp's would cost ten times as much
            self._fail("provider_timeout")
        self._size += len(chunk)
        if self._size > _ANSWER_BYTES:
            self._fail("provider_garbage")
        return chunk

    def _fail(self, problem: str) -> NoReturn:
        raise AppError(problem, provider=self._provider.name) from None


async def _once(chunk: bytes) -> AsyncIterator[bytes]:
    yield chunk
