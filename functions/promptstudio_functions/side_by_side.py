"""One question to several models at once, their answers as the frames of one event stream.

Events: `start` {index, id, prompt, version, model}, `delta` {index, text}, `done` {index, run} or `error`
{index, problem} for each model, then `end` {}. `index` is the model's place in the request.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final

import orjson

from promptstudio.endpoint.answer import run_body
from promptstudio.endpoint.journal import Asked
from promptstudio.endpoint.problems import log_internal, problem_body
from promptstudio.endpoint.run import Outcome, Run
from promptstudio.endpoint.stream import stream_run
from promptstudio.errors import BOUNDS, AppError
from promptstudio.sse import PING, encode

_END: Final = encode("end", b"{}")
_WAITING_MAX: Final = 64  # frames: a reader that is slow makes the models wait


async def run_side_by_side(runs: Sequence[Asked | AppError], request_id: str) -> AsyncGenerator[bytes, None]:
    """The frames of all runs, in the order in which they come. An error stands for a run that cannot be.

    Leaving before the end closes the calls to the models.
    """
    queue: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING_MAX)
    lanes = [
        asyncio.create_task(_drive(run, _Lane(queue, index, request_id))) for index, run in enumerate(runs)
    ]
    ends = 0
    try:
        while ends < len(lanes):
            try:
                frame = await asyncio.wait_for(queue.get(), BOUNDS["ping_s"])
            except TimeoutError:
                frame = PING
            if frame is None:
                ends += 1
            else:
                yield frame
        yield _END
    finally:
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)


async def _drive(run: Asked | AppError, lane: "_Lane") -> None:
    if isinstance(run, AppError):
        await lane.end(lane.error(run))
        return
    frames = _Frames(run.run, lane)
    try:
        await stream_run(run, frames, lane)
    except AppError as error:  # raised where the provider refuses before its first byte
        await lane.end(frames.error(error))
    except Exception as error:  # noqa: BLE001 - a lane that never ends would keep the stream open
        await lane.end(frames.error(log_internal(error, lane.request_id)))


class _Frames:
    """How one model's run is told."""

    def __init__(self, run: Run, lane: "_Lane") -> None:
        self._run = run
        self._lane = lane

    def start(self) -> bytes:
        version = self._run.version
        members = {
            "id": f"run_{self._run.id}",
            "prompt": self._run.prompt,
            "version": version.number,
            "model": version.model,
        }
        return self._lane.frame("start", orjson.dumps(members)[1:])

    def delta(self, text: str) -> bytes:
        return self._lane.frame("delta", b'"text":%b}' % orjson.dumps(text))

    def done(self, outcome: Outcome) -> bytes:
        return self._lane.frame("done", b'"run":%b}' % run_body(self._run, outcome))

    def error(self, error: AppError) -> bytes:
        return self._lane.error(error)


class _Lane:
    """The way of one model's frames. `None` behind the last tells that the lane is done."""

    def __init__(self, queue: asyncio.Queue[bytes | None], index: int, request_id: str) -> None:
        self.begun = False
        self.request_id = request_id
        self._queue = queue
        self._index = index
        self._frames: list[bytes] = []

    def frame(self, event: str, members: bytes) -> bytes:
        """A frame of this lane; `members` are an object's, and its closing brace."""
        return encode(event, b'{"index":%d,%b' % (self._index, members))

    def error(self, error: AppError) -> bytes:
        return self.frame("error", b'"problem":%b}' % problem_body(error, self.request_id))

    async def begin(self, model_s: float, frame: bytes) -> None:
        self.begun = True
        await self._queue.put(frame)

    def add(self, frame: bytes) -> None:
        self._frames.append(frame)

    async def flush(self) -> None:
        if self._frames:
            data = b"".join(self._frames)
            self._frames.clear()
            await self._queue.put(data)

    async def end(self, frame: bytes) -> None:
        self._frames.append(frame)
        await self.flush()
        await self._queue.put(None)

    def stop(self) -> None:
        """It sends no pings: run_side_by_side does, for all lanes."""
