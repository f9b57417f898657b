"""A streamed run: from the provider's events to the client's frames, while both are there."""

import asyncio
from time import perf_counter
from typing import Protocol

from promptstudio.endpoint.exchange import Exchange, server_timing
from promptstudio.endpoint.journal import Asked
from promptstudio.endpoint.problems import log_internal
from promptstudio.endpoint.run import Outcome, conclude
from promptstudio.errors import AppError
from promptstudio.providers.base import Answer
from promptstudio.providers.catalog import ADAPTERS
from promptstudio.providers.stream import AnswerStream
from promptstudio.sse import PING


class Frames(Protocol):
    """How one API tells a stream. Each method gives one or more whole frames."""

    def start(self) -> bytes: ...

    def delta(self, text: str) -> bytes: ...

    def done(self, outcome: Outcome) -> bytes: ...

    def error(self, error: AppError) -> bytes: ...


class Telling(Frames, Protocol):
    """How one API tells a run, whole or as a stream."""

    def body(self, outcome: Outcome) -> bytes:
        """The body of a 200."""
        ...

    def replay(self, body: bytes) -> bytes:
        """All frames of the run whose 200 had this body: its text is one delta, or none where it is empty."""
        ...


class Out(Protocol):
    """Where a streamed run goes. `begun` says whether its first frame is out."""

    begun: bool

    @property
    def request_id(self) -> str: ...

    async def begin(self, model_s: float, frame: bytes) -> None:
        """Send the first frame. `model_s` is how long the provider took to answer."""
        ...

    def add(self, frame: bytes) -> None:
        """Put a frame behind those that wait for `flush` or `end`."""
        ...

    async def flush(self) -> None:
        """Send what waits, if anything does."""
        ...

    async def end(self, frame: bytes) -> None:
        """Send what waits and the terminal frame."""
        ...

    def stop(self) -> None:
        """Send nothing more of its own accord."""
        ...


class EventStream:
    """An answer in frames, with a ping whenever nothing was sent for `ping_s` seconds."""

    __slots__ = ("_exchange", "_frames", "_last_s", "_loop", "_ping", "_ping_s", "_timer", "begun")

    def __init__(self, exchange: Exchange, ping_s: float) -> None:
        self.begun = False
        self._exchange = exchange
        self._frames: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._ping_s = ping_s
        self._ping: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._last_s = 0.0

    @property
    def request_id(self) -> str:
        return self._exchange.id

    async def begin(self, model_s: float, frame: bytes) -> None:
        """Send status, headers and the first frame. `model_s` is how long the provider took to answer."""
        self.begun = True
        await self._exchange.begin_stream((server_timing(model_s),))
        self._last_s = self._loop.time()
        await self._exchange.write(frame)
        self._timer = self._loop.call_later(self._ping_s, self._check_silence)

    def add(self, frame: bytes) -> None:
        """Put a frame behind those that wait for `flush` or `end`."""
        self._frames.append(frame)

    async def flush(self) -> None:
        """Send what waits, if anything does."""
        if self._frames:
            data = b"".join(self._frames)
            self._frames.clear()
            self._last_s = self._loop.time()
            await self._exchange.write(data)

    async def end(self, frame: bytes) -> None:
        """Send what waits and the terminal frame."""
        self._frames.append(frame)
        await self._exchange.write(b"".join(self._frames), last=True)

    def stop(self) -> None:
        """Send no more pings."""
        if self._timer is not None:
            self._timer.cancel()
        if self._ping is not None:
            self._ping.cancel()

    def _check_silence(self) -> None:
        silence_s = self._loop.time() - self._last_s
        if silence_s >= self._ping_s:
            silence_s = 0.0
            if self._ping is None or self._ping.done():
                self._ping = self._loop.create_task(self._exchange.write(PING))
        self._timer = self._loop.call_later(self._ping_s - silence_s, self._check_silence)


async def stream_run(asked: Asked, frames: Frames, out: Out) -> None:
    """Stream a run, with exactly one terminal event.

    What fails before the provider has answered is raised.
    """
    try:
        last = await _last_frame(asked, frames, out)
    except asyncio.CancelledError:  # while it runs, or while its end is being recorded
        await asked.aborted()
        raise
    finally:
        out.stop()
    await out.end(last)


async def _last_frame(asked: Asked, frames: Frames, out: Out) -> bytes:
    """Stream all but the terminal frame, and record how the run ended."""
    try:
        answer = await _relay(asked, frames, out)
        outcome = conclude(asked.run.version, answer)
        last = frames.done(outcome)
        await asked.ended(outcome)
    except AppError as error:
        await asked.failed(error)
        if not out.begun:
            raise
        return frames.error(error)
    except Exception as error:  # noqa: BLE001 - a stream that has begun can only end by a frame
        told = log_internal(error, out.request_id)
        await asked.failed(told)
        if not out.begun:
            raise told from None
        return frames.error(told)
    return last


async def _relay(asked: Asked, frames: Frames, out: Out) -> Answer:
    """Pass each of the provider's deltas on as it comes; the terminal frame is left to the caller."""
    run = asked.run
    provider = run.version.setup.provider
    stream = AnswerStream(ADAPTERS[run.version.api].adapter, provider)
    texts = []
    asked_s = perf_counter()
    async with asked.catalog.transport.stream(provider, run.request) as chunks:
        await out.begin(perf_counter() - asked_s, frames.start())
        async for chunk in chunks:
            for text in stream.feed(chunk):
                texts.append(text)
                out.add(frames.delta(text))
            if stream.state.done:
                break
            await out.flush()
    for text in stream.finish():
        texts.append(text)
        out.add(frames.delta(text))
    return Answer("".join(texts), stream.state.finish_reason, stream.state.usage)
