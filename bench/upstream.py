"""A fast fake provider for the benchmarks: OpenAI Chat Completions, plain and streamed, on 127.0.0.1.

The model's name steers a stream: `fake-N` sends N chunks, `fake-N-pMS` pauses MS milliseconds before each
after the first. Every chunk carries the monotonic clock in nanoseconds, so that a client can tell its delay.

    python bench/upstream.py PORT
"""

import asyncio
import re
import sys
import time
from typing import cast

import uvloop

ANSWER = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1760000000,"model":"fake","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"The quick brown fox jumps over the lazy dog. Pack my box with '
    b'five dozen liquor jugs. How vexingly quick daft zebras jump!","refusal":null},"logprobs":null,'
    b'"finish_reason":"stop"}],"usage":{"prompt_tokens":120,"completion_tokens":40,"total_tokens":160,'
    b'"prompt_tokens_details":{"cached_tokens":0}}}'
)
PLAIN = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
    len(ANSWER),
    ANSWER,
)
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
CHUNK = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk",'
    b'"choices":[{"index":0,"delta":%s,"finish_reason":%s}]}\n\n'
)
USAGE = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[],'
    b'"usage":{"prompt_tokens":120,"completion_tokens":40}}\n\n'
)
MODEL = re.compile(rb'"model":\s*"fake(?:-(\d+))?(?:-p(\d+))?"')
STREAMED = re.compile(rb'"stream":\s*true')


def framed(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Upstream(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.buffer = b""
        self.task: asyncio.Task[None] | None = None

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = re.search(rb"(?i)content-length: (\d+)", head)
        size = int(length[1]) if length else 0
        if len(rest) < size:
            return
        body, self.buffer = rest[:size], rest[size:]
        if STREAMED.search(body):
            model = MODEL.search(body)
            count, pause = (int(model[1] or 64), int(model[2] or 0)) if model else (64, 0)
            self.task = asyncio.get_running_loop().create_task(self.stream(count, pause / 1000))
        else:
            self.transport.write(PLAIN)

    async def stream(self, count: int, pause: float) -> None:
        self.transport.write(STREAM_HEAD)
        for index in range(count):
            if index and pause:
                await asyncio.sleep(pause)
            delta = b'{"content":"@%d@ token"}' % time.monotonic_ns()
            self.transport.write(framed(CHUNK % (delta, b"null")))
        self.transport.write(framed(CHUNK % (b"{}", b'"stop"') + USAGE + b"data: [DONE]\n\n") + b"0\r\n\r\n")

    def connection_lost(self, error: Exception | None) -> None:
        if self.task:
            self.task.cancel()


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
