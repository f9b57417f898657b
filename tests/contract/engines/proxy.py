"""A proxy before an engine, that fails as networks and engines do: by the request, and on demand."""

import asyncio
import re
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tests.contract.engines import Address

_LENGTH: Final = re.compile(rb"(?i)content-length: *(\d+)")
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: a close sends RST

Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request, and to the connection that it came by."""

    reaches: bool
    """Whether the engine gets it, and does it."""
    answer: Callable[[bytes], bytes] = lambda answer: b""
    """From the engine's answer (empty where it was not asked) to what the client gets."""
    end: Literal["keep", "close", "reset", "hang"] = "close"


LOST: Final = Fault(reaches=True)
LOST_BY_RESET: Final = Fault(reaches=True, end="reset")
CUT: Final = Fault(reaches=True, answer=lambda answer: answer[: len(answer) // 2])
CUT_IN_THE_BODY: Final = Fault(reaches=True, answer=lambda answer: answer[:-2])
DROPPED: Final = Fault(reaches=False)
RESET: Final = Fault(reaches=False, end="reset")
SILENT: Final = Fault(reaches=True, end="hang")
SWALLOWED: Final = Fault(reaches=False, end="hang")


def answers(status: int, body: str, *, reaches: bool = False, kind: str = "application/json") -> Fault:
    """Another answer in the place of the engine's."""
    head = f"HTTP/1.1 {status} Told\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return Fault(reaches, lambda answer: (head + body).encode(), "keep")


class Proxy:
    """Where the proxy listens, and what it does with the requests that come next."""

    def __init__(self, engine: Address) -> None:
        self._engine = engine
        self._connections: set[asyncio.Task[None]] = set()
        self.address = engine
        self.faults: deque[Fault] = deque()
        self.requests = 0

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def end(self) -> None:
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange((reader, writer)):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client is done with the connection
        finally:
            writer.close()

    async def _exchange(self, client: Streams) -> bool:
        """One request and its answer. False where the connection is at its end."""
        request = await _message(client[0])
        self.requests += 1
        fault = self.faults.popleft() if self.faults else None
        answer = b""
        if fault is None or fault.reaches:
            answer = await self._ask(request)
        client[1].write(answer if fault is None else fault.answer(answer))
        if fault is None or fault.end == "keep":
            return True
        if fault.end == "hang":
            await client[0].read()  # until the client has enough
        if fault.end == "reset":
            client[1].get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        return False

    async def _ask(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._engine.host, self._engine.port)
        try:
            writer.write(request)
            return await _message(reader)
        finally:
            writer.close()


@asynccontextmanager
async def before(engine: Address) -> AsyncIterator[Proxy]:
    """A proxy before the engine, until the context ends."""
    proxy = Proxy(engine)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield proxy
    finally:
        server.close()
        await proxy.end()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """A request or an answer, whole."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")
