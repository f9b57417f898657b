"""Sends calls: attempts, waits between them, and time limits."""

import os
import time
from collections.abc import Callable

from ._async_transport import AsyncResponse, AsyncTransport
from ._config import Config
from ._log import LOGGER, log_request, log_response
from ._package import BaseError
from ._retry import LONGEST_WAIT_S, backoff, is_retried, retry_after
from ._transport import TransportError, TransportTimeoutError
from ._wire import MAX_BODY_BYTES, MAX_PROBLEM_BYTES, Call, Head, problem, unexpected
from .errors import APIConnectionError, APITimeoutError, UnexpectedResponseError


class AsyncExchange:
    """A call that was answered 2xx, and its answer's body, which is still to come."""

    __slots__ = ("_attempt_end", "_call", "_end", "_response", "head")

    def __init__(
        self, call: Call, response: AsyncResponse, head: Head, attempt_end: float | None, end: float | None
    ) -> None:
        self._call = call
        self._response = response
        self._attempt_end = attempt_end
        self._end = end
        self.head = head

    async def chunk(self) -> bytes:
        """The next bytes of a stream, b"" at its end; raises TransportError."""
        return await self._response.chunk(left(self._call.timeouts.idle, remaining(self._end)))

    async def chunk_within(self, seconds: float) -> bytes:
        """The next bytes, if they come so soon; else b"", and what is left is not to be had."""
        try:
            return await self._response.chunk(seconds)
        except TransportError:
            return b""

    async def content(self, most: int = MAX_BODY_BYTES) -> bytes:
        """The whole body; raises TransportError, and UnexpectedResponseError beyond `most` bytes."""
        chunks: list[bytes] = []
        size = 0
        while chunk := await self._response.chunk(left(remaining(self._attempt_end), remaining(self._end))):
            chunks.append(chunk)
            size += len(chunk)
            if size > most:
                raise unexpected(self.head, chunks[0], f"it is longer than {most} bytes")
        return b"".join(chunks)

    async def aclose(self) -> None:
        """Close the connection, unless the body was read to its end."""
        await self._response.aclose()


class AsyncEngine:
    """Sends calls through a transport. `jitter` gives numbers from 0 up to 1."""

    __slots__ = ("_jitter", "_now", "_transport", "config")

    def __init__(
        self,
        config: Config,
        transport: AsyncTransport,
        *,
        jitter: Callable[[], float] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self._transport = transport
        self._jitter = jitter or _jitter
        self._now = now

    def configured(self, config: Config) -> "AsyncEngine":
        """The same with another configuration, on the same connections."""
        return AsyncEngine(config, self._transport, jitter=self._jitter, now=self._now)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def send(self, call: Call) -> AsyncExchange:
        """The first answer that is 2xx, before its body is read.

        Raises APIError for the last attempt's problem, APITimeoutError and APIConnectionError. What cancels
        the caller is not caught, and ends the call at once.
        """
        end = after(call.timeouts.deadline)
        retries = 0
        while True:
            outcome = await self._attempt(call, retries + 1, end)
            if isinstance(outcome, AsyncExchange):
                return outcome
            error, wait = outcome
            rest = remaining(end)
            if retries >= call.max_retries or wait is None or (rest is not None and wait >= rest):
                raise error
            LOGGER.debug("%s: the next attempt is in %.3f s", type(error).__name__, wait)
            await self._transport.sleep(wait)
            retries += 1

    async def _attempt(
        self, call: Call, number: int, end: float | None
    ) -> AsyncExchange | tuple[BaseError, float | None]:
        """The answer, or why there is none and after how many seconds to try again. None is never."""
        attempt_end = after(call.timeouts.attempt)
        log_request(call.request.url, call.request.headers, number)
        try:
            within = left(call.timeouts.attempt, remaining(end))
            connect = least(call.timeouts.connect, within)
            response = await self._transport.send(call.request, connect=connect, within=within)
        except TransportError as error:
            LOGGER.debug("no answer: %s", error)
            made = connection_error(error, number)
            made.__cause__ = error
            return made, backoff(number - 1, self._jitter())
        head = Head(response.status, response.headers, number)
        log_response(call.request.url, head.status, head.headers)
        exchange = AsyncExchange(call, response, head, attempt_end, end)
        if 200 <= head.status < 300:
            return exchange
        return await self._refused(exchange)

    async def _refused(self, exchange: AsyncExchange) -> tuple[BaseError, float | None]:
        """The error that an answer means. Its connection is closed before anybody waits."""
        head = exchange.head
        try:
            content = await exchange.content(MAX_PROBLEM_BYTES)
        except (TransportError, UnexpectedResponseError) as reason:
            LOGGER.debug("the body of status %d did not come: %s", head.status, reason)
            content = b""
        finally:
            await exchange.aclose()
        if head.status < 400:
            return unexpected(head, content, "it is a redirect"), None
        now = self._now()
        error = problem(head, content, now)
        if not is_retried(head.status, head.headers):
            return error, None
        asked = retry_after(head.headers, now)
        if asked is None:
            return error, backoff(head.attempts - 1, self._jitter())
        return error, asked if asked <= LONGEST_WAIT_S else None


def connection_error(error: TransportError, attempts: int, partial: str = "") -> APIConnectionError:
    """What callers are told of a transport's error."""
    if isinstance(error, TransportTimeoutError):
        return APITimeoutError(str(error), attempts=attempts, partial=partial)
    return APIConnectionError(str(error), attempts=attempts)


def after(seconds: float | None) -> float | None:
    """The moment on the monotonic clock that is so many seconds away."""
    return None if seconds is None else time.monotonic() + seconds


def remaining(moment: float | None) -> float | None:
    """The seconds until a moment on the monotonic clock."""
    return None if moment is None else moment - time.monotonic()


def left(*limits: float | None) -> float | None:
    """The shortest of these times; raises TransportTimeoutError where one is over."""
    shortest = least(*limits)
    if shortest is not None and shortest <= 0:
        raise TransportTimeoutError("The time for the call is over.")
    return shortest


def least(*limits: float | None) -> float | None:
    """The shortest of these times, None being no limit."""
    given = [limit for limit in limits if limit is not None]
    return min(given) if given else None


def _jitter() -> float:
    # `random` costs more to import than all of this package.
    return int.from_bytes(os.urandom(4), "big") / 2**32
