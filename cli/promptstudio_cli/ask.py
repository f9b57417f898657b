"""One run, asked of the endpoint inside this process: the same stages, answers and errors as over HTTP."""

import asyncio
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from promptstudio.endpoint.exchange import Message
from promptstudio.settings import Settings
from promptstudio.sse import ServerSentEvent, SseDecoder
from promptstudio.values import Json, dumps
from promptstudio_cli.errors import CommandError
from promptstudio_functions.wiring import wire

_SCOPE: Final = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "POST",
    "query_string": b"",
    "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
}


def ask(
    bundle: Mapping[str, Json],
    name: str,
    body: dict[str, Json],
    environ: Mapping[str, str],
    on_text: Callable[[str], None],
) -> str:
    """Run a prompt and return the body of its answer; a streamed run's text goes to `on_text` as it comes.

    Its body may have any size. Raises CommandError with the endpoint's own words where it refuses or fails.
    """
    data = dumps(body).encode()
    client = _Client(data, on_text)
    settings = Settings(body_limit=len(data))
    asyncio.run(_exchange(bundle, f"/v1/prompts/{name}/run", client, settings, environ))
    return client.answer()


async def _exchange(
    bundle: Mapping[str, Json], path: str, client: "_Client", settings: Settings, environ: Mapping[str, str]
) -> None:
    deployed = wire(bundle, settings, None, environ)
    try:
        await deployed.endpoint({**_SCOPE, "path": path}, client.receive, client.send)
    finally:
        await deployed.transport.close()


class _Client:
    """The client's side of one ASGI exchange."""

    def __init__(self, body: bytes, on_text: Callable[[str], None]) -> None:
        self._body: bytes | None = body
        self._on_text = on_text
        self._decoder = SseDecoder()
        self._streamed = False
        self._failed = False
        self._answer = ""

    async def receive(self) -> Message:
        """The whole body at once; after that a client that stays."""
        if self._body is None:
            await asyncio.Event().wait()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Take a piece of the answer."""
        if message["type"] == "http.response.start":
            self._failed = message["status"] != HTTPStatus.OK
            self._streamed = (b"content-type", b"text/event-stream") in message["headers"]
        elif not self._streamed:
            self._answer += message["body"].decode()
        else:
            for event in self._decoder.feed(message["body"]):
                self._take(event)

    def _take(self, event: ServerSentEvent) -> None:
        if event.event == "delta":
            self._on_text(json.loads(event.data)["text"])
        elif event.event in ("done", "error"):
            self._answer = event.data
            self._failed = event.event == "error"

    def answer(self) -> str:
        """The body of a 200; raises CommandError with the problem's own words."""
        if not self._failed:
            return self._answer
        problem = json.loads(self._answer)
        errors = [f"  {error['pointer']}: {error['message']}" for error in problem.get("errors", ())]
        raise CommandError(problem["detail"], "\n".join(errors))
