"""The only place that calls a model: aiohttp, kept open and pooled, with our own timers and retries."""

import asyncio
import itertools
import math
import random as chance
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Final, NoReturn

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDict
from yarl import URL

from promptstudio.errors import BOUNDS, PROTOCOL, AppError
from promptstudio.platform_errors import PlatformError
from promptstudio.providers.base import Provider, ProviderRequest
from promptstudio.providers.catalog import ADAPTERS
from promptstudio.providers.retry import retry_after_s, wait_s

if TYPE_CHECKING:
    from promptstudio.outbound import Guard

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
class Target:
    """What all requests to one path of a provider share. The headers hold its key."""

    provider: Provider
    url: URL
    headers: CIMultiDict[str] = field(repr=False)
    timeout: aiohttp.ClientTimeout


class Connections:
    """The pool of connections to providers, and how one is asked.

    Every failure is an AppError: provider_busy, provider_status, provider_unreachable, provider_timeout,
    provider_garbage or provider_truncated. A provider's `timeout_s` bounds the wait for its first byte, every
    silence after, and, from the first byte on, a body that is not streamed.

    With a `guard` the URLs may be anybody's: it checks each, and each address that is connected to, and
    what it refuses is PlatformError provider_refused. `sleep` (seconds), `now` (seconds since 1970),
    `random` (0 to 1) and `resolver` are there for tests.
    """

    def __init__(
        self,
        guard: "Guard | None" = None,
        *,
        connect_s: float = BOUNDS["provider_connect_s"],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
        random: Callable[[], float] = chance.random,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self.guard = guard
        self._connect_s = connect_s
        self._sleep = sleep
        self._now = now
        self._random = random
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    def target(self, provider: Provider, request: ProviderRequest, key: str | None) -> Target:
        """Where and how to send requests like this one, authorized with a key."""
        headers = CIMultiDict(_HEADERS)
        headers.update(request.headers)
        headers.update(provider.headers)
        if key is not None:
            api = ADAPTERS[provider.type]
            headers[api.key_header] = api.key_prefix + key
        return Target(
            provider=provider,
            url=self._url(provider, provider.base_url.rstrip("/") + request.path),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_s, sock_read=provider.timeout_s),
        )

    async def send(self, target: Target, body: bytes) -> bytes:
        """The whole body of the provider's 2xx answer to a POST."""
        response = await self._open(target, body)
        try:
            return await _Chunks(target.provider, response, target.provider.timeout_s).whole()
        finally:
            response.close()  # of a body read to its end, the connection is back in the pool already

    @asynccontextmanager
    async def stream(self, target: Target, body: bytes) -> AsyncIterator[AsyncIterator[bytes]]:
        """The same body as it comes: entered once the provider has answered 2xx.

        Leaving before its end closes the connection, so that the provider stops.
        """
        response = await self._open(target, body)
        try:
            yield _Chunks(target.provider, response, math.inf)
        finally:
            response.close()

    async def status(self, target: Target) -> int:
        """The status that a GET is answered with, whatever it is; the body stays unread."""
        try:
            response = await self._connected().get(
                target.url, headers=target.headers, timeout=target.timeout, allow_redirects=False
            )
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise self._unanswered(target, error) from None
        response.close()
        return response.status

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _url(self, provider: Provider, text: str) -> URL:
        if self.guard is None:
            return URL(text)
        try:
            return self.guard.check(text)
        except PlatformError as refused:
            raise _provider_refused(provider, refused) from None

    async def _open(self, target: Target, body: bytes) -> aiohttp.ClientResponse:
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

    async def _attempt(self, target: Target, body: bytes) -> aiohttp.ClientResponse | AppError:
        """A 2xx response, or an error after which another attempt makes sense. Other errors are raised."""
        data = body if len(body) <= _WHOLE_BYTES else BytesIO(body)
        try:
            response = await self._connected().post(
                target.url, data=data, headers=target.headers, timeout=target.timeout, allow_redirects=False
            )
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return self._unanswered(target, error)
        status = response.status
        if 200 <= status < 300:
            return response
        response.close()
        name = target.provider.name
        if status < 500 and status not in _RETRIED:
            raise AppError("provider_status", provider=name, status=status)
        retry_after = retry_after_s(response.headers.get("Retry-After"), self._now())
        return AppError("provider_busy", provider=name, status=status, retry_after=retry_after)

    def _unanswered(self, target: Target, error: Exception) -> AppError:
        """What to tell where no response came; raised at once where another attempt would make no sense."""
        name = target.provider.name
        if isinstance(error, TimeoutError):
            raise AppError("provider_timeout", provider=name) from None
        refused = None if self.guard is None else self.guard.refusal(target.url, error)
        if refused is not None:
            raise _provider_refused(target.provider, refused) from None
        return AppError("provider_unreachable", provider=name)

    def _connected(self) -> aiohttp.ClientSession:
        """The session, made late because it belongs to the running event loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    keepalive_timeout=_KEEPALIVE_S,
                    socket_factory=None if self.guard is None else self.guard.open_socket,
                    resolver=self._resolver,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session


class Transport:
    """Sends the requests of one project to its providers.

    Keys are read from `environ`, and go nowhere but into a header; one that is not there is AppError
    provider_key_missing.
    """

    def __init__(self, environ: Mapping[str, str], connections: Connections | None = None) -> None:
        self._environ = environ
        self._connections = connections or Connections()
        self._targets: dict[tuple[str, str], Target] = {}

    async def send(self, provider: Provider, request: ProviderRequest) -> bytes:
        """The whole body of the provider's 2xx answer. An echo's request is its answer."""
        if provider.type == "echo":
            return request.body
        return await self._connections.send(self._target(provider, request), request.body)

    def stream(
        self, provider: Provider, request: ProviderRequest
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The same body as it comes, as Connections.stream gives it."""
        if provider.type == "echo":
            return nullcontext(once(request.body))
        return self._connections.stream(self._target(provider, request), request.body)

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()

    def _target(self, provider: Provider, request: ProviderRequest) -> Target:
        target = self._targets.get((provider.name, request.path))
        if target is None or target.provider is not provider:
            key = None if provider.api_key_env is None else self._key(provider, provider.api_key_env)
            target = self._connections.target(provider, request, key)
            self._targets[provider.name, request.path] = target
        return target

    def _key(self, provider: Provider, env: str) -> str:
        key = self._environ.get(env, "").strip()
        if not key:
            raise AppError("provider_key_missing", provider=provider.name, env=env)
        return key


def _provider_refused(provider: Provider, refused: AppError) -> PlatformError:
    return PlatformError("provider_refused", provider=provider.name, reason=refused.detail)


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


async def once(chunk: bytes) -> AsyncIterator[bytes]:
    """A stream of one chunk."""
    yield chunk
