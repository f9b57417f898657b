"""A closed-loop HTTP load generator on raw uvloop protocols: bounded in count and time, loopback only.

    python bench/load.py URL --body FILE --connections 64 --requests 20000 --seconds 3 [--header 'k: v'] …

Prints one JSON line; times in microseconds. `first` is the time to the first `data:` line of an event
stream (to the first byte of another body); `chunk_delay` is how long after the upstream wrote a chunk,
by the clock that it carries, the chunk arrived here.
"""

import argparse
import asyncio
import json
import re
import time
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

STAMP = re.compile(rb"@(\d{10,})@")
LENGTH = re.compile(rb"(?i)content-length: *(\d+)")


class Run:
    """What is to be done, and what was seen."""

    def __init__(self, request: bytes, requests: int, deadline: float) -> None:
        self.request = request
        self.left = requests
        self.deadline = deadline
        self.latencies: list[int] = []
        self.firsts: list[int] = []
        self.delays: list[int] = []
        self.chunks = self.failed = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.open = 0


class Client(asyncio.Protocol):
    def __init__(self, run: Run) -> None:
        self.run = run

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.run.open += 1
        self.next()

    def next(self) -> None:
        run = self.run
        if run.left <= 0 or time.monotonic() > run.deadline:
            self.transport.close()
            return
        run.left -= 1
        self.buffer = b""
        self.need = -1
        self.first = 0
        self.began = time.monotonic_ns()
        self.transport.write(run.request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        for stamp in STAMP.findall(data.partition(b"event: done")[0]):  # which tells all of it again
            self.run.delays.append(now - int(stamp))
            self.run.chunks += 1
        self.buffer += data
        if self.need < 0 and not self.read_head():
            return
        if not self.first and (self.need or b"data:" in self.buffer):
            self.first = now
        if (len(self.buffer) >= self.need) if self.need else self.buffer.endswith(b"\r\n0\r\n\r\n"):
            self.finish(now)

    def read_head(self) -> bool:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        self.ok = self.buffer[9:10] == b"2"
        length = LENGTH.search(self.buffer, 0, end)
        self.need = end + 4 + int(length[1]) if length else 0
        return True

    def finish(self, now: int) -> None:
        if self.ok:
            self.run.latencies.append(now - self.began)
            self.run.firsts.append((self.first or now) - self.began)
        else:
            self.run.failed += 1
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        self.run.failed += error is not None
        self.run.open -= 1
        if not self.run.open and not self.run.done.done():
            self.run.done.set_result(None)


def quantile(values: list[int], part: float) -> float:
    return round(sorted(values)[min(int(len(values) * part), len(values) - 1)] / 1000, 1) if values else 0.0


async def load(
    url: str, body: bytes, headers: list[str], connections: int, requests: int, seconds: float
) -> dict[str, float]:
    parts = urlsplit(url)
    if parts.hostname != "127.0.0.1" or not parts.port:
        raise SystemExit("load is sent to a port of 127.0.0.1 only")
    lines = [
        f"POST {parts.path} HTTP/1.1",
        f"host: {parts.netloc}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *headers,
    ]
    run = Run("\r\n".join(lines).encode() + b"\r\n\r\n" + body, requests, time.monotonic() + seconds)
    began = time.monotonic()
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Client(run), "127.0.0.1", parts.port)
    await asyncio.wait_for(run.done, seconds + 30)
    return {
        "ok": len(run.latencies),
        "failed": run.failed,
        "seconds": round(time.monotonic() - began, 3),
        "chunks": run.chunks,
        "p50": quantile(run.latencies, 0.5),
        "p99": quantile(run.latencies, 0.99),
        "first_p50": quantile(run.firsts, 0.5),
        "chunk_delay_p50": quantile(run.delays, 0.5),
        "chunk_delay_p99": quantile(run.delays, 0.99),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--body", type=Path, required=True)
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=3)
    a = parser.parse_args()
    print(
        json.dumps(
            uvloop.run(
                load(a.url, a.body.read_bytes(), a.header, a.connections, a.requests, min(a.seconds, 60))
            )
        )
    )
