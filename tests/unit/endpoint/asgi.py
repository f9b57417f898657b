"""An endpoint without a network: bundles from texts, a scripted model, and a client that speaks ASGI."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.exchange import Message
from promptstudio.endpoint.keys import Keys
from promptstudio.errors import AppError
from promptstudio.prompts.compile import compile_bundle
from promptstudio.prompts.file import Source
from promptstudio.prompts.project_settings import parse_settings
from promptstudio.providers.base import Provider, ProviderRequest
from promptstudio.settings import Settings
from promptstudio.values import Json

GREET = """---
model: openai/gpt-5.4-mini
input:
  schema:
    name: string
    times?: integer
---
Greet {{name}}.
"""
GREETING = (
    b'{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hello!"}]}]}'
)
JSON = (b"content-type", b"application/json")


def bundle(prompts: Mapping[str, str] | None = None, toml: str = "") -> dict[str, Json]:
    """The bundle of these prompt files; without any, of one prompt `greet`."""
    sources = [Source(f"prompts/{name}.prompt", text) for name, text in (prompts or {"greet": GREET}).items()]
    compiled = compile_bundle(sources, parse_settings(f'name = "test"\n{toml}', "promptstudio.toml"))
    assert compiled.bundle is not None, compiled.diagnostics
    return compiled.bundle


def delta(text: str) -> bytes:
    """An event of OpenAI's that adds text."""
    event = json.dumps({"type": "response.output_text.delta", "delta": text})
    return f"data: {event}\n\n".encode()


COMPLETED = (
    b'data: {"type":"response.completed","response":{"status":"completed",'
    b'"usage":{"input_tokens":12,"output_tokens":3}}}\n\n'
)


class ScriptedTransport:
    """A model that answers what it is told to: bytes, an exception to raise, or None to wait for `go_on`."""

    def __init__(self, *steps: bytes | Exception | None) -> None:
        self.requests: list[ProviderRequest] = []
        self.go_on = asyncio.Event()
        self.waiting = asyncio.Event()
        self.cancelled = False
        self._steps: Sequence[bytes | Exception | None] = steps or (GREETING,)

    async def send(self, provider: Provider, request: ProviderRequest) -> bytes:
        self.requests.append(request)
        return b"".join([chunk async for chunk in self._play()])

    @asynccontextmanager
    async def stream(
        self, provider: Provider, request: ProviderRequest
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        self.requests.append(request)
        if isinstance(self._steps[0], AppError):
            raise self._steps[0]
        yield self._play()

    async def _play(self) -> AsyncIterator[bytes]:
        for step in self._steps:
            if step is None:
                await self._wait()
            elif isinstance(step, Exception):
                raise step
            else:
                yield step

    async def _wait(self) -> None:
        self.waiting.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


@dataclass
class Answer:
    """What an endpoint sent. `pieces` are the body's messages as they went out."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    complete: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[tuple[str, Any]]:
        """The frames of an event stream, pings left out."""
        frames = [
            frame.split("\n") for frame in self.body.decode().split("\n\n") if frame.startswith("event: ")
        ]
        return [
            (event.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for event, data in frames
        ]


class Client:
    """One request, and the answer as it grows. `leave` closes the connection, `received` waits for a text.

    `watched` is set once the endpoint waits for the client to leave.
    """

    def __init__(
        self,
        path: str,
        body: object = None,
        *,
        method: str = "POST",
        headers: Sequence[tuple[bytes, bytes]] = (JSON,),
        chunks: Sequence[bytes] | None = None,
    ) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._chunks = list(chunks) if chunks is not None else [data]
        length = [(b"content-length", b"%d" % len(data))] if chunks is None else []
        host = [] if any(name == b"host" for name, _ in headers) else [(b"host", b"localhost")]
        headers = [*host, *length, *headers]
        self.scope: Message = {"type": "http", "method": method, "path": path, "headers": headers}
        self.answer = Answer()
        self.watched = asyncio.Event()
        self._gone = asyncio.Event()
        self._grown = asyncio.Condition()

    async def received(self, text: bytes, times: int = 1) -> None:
        async with self._grown:
            await self._grown.wait_for(lambda: self.answer.body.count(text) >= times)

    def leave(self) -> None:
        self._gone.set()

    async def receive(self) -> Message:
        if self._chunks:
            body = self._chunks.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(self._chunks)}
        self.watched.set()
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        assert not self.answer.complete, f"sent after the end: {message}"
        if message["type"] == "http.response.start":
            assert self.answer.status == 0, "began twice"
            self.answer.status = message["status"]
            self.answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.answer.pieces.append(message["body"])
            self.answer.complete = not message.get("more_body", False)
        async with self._grown:
            self._grown.notify_all()


def endpoint(
    transport: ScriptedTransport | None = None,
    document: Mapping[str, Json] | None = None,
    *,
    keys: Keys | None = None,
    settings: Settings | None = None,
    ping_s: float = 15,
) -> Endpoint:
    """An endpoint without keys for a bundle, by default that of `greet`."""
    gate = BundleGate(document or bundle(), transport or ScriptedTransport(), keys)
    return Endpoint(gate, settings or Settings(), ping_s=ping_s)


async def ask(to: Endpoint, client: Client) -> Answer:
    """The whole answer to a client that waits for it."""
    await to(client.scope, client.receive, client.send)
    return client.answer


async def run(to: Endpoint, body: object, name: str = "greet") -> Answer:
    """The answer to a run with this body."""
    return await ask(to, Client(f"/v1/prompts/{name}/run", body))
