"""The same pass-through as plain ASGI: what aiohttp leaves possible in Python."""

import json
import os
from typing import Any

import aiohttp

UPSTREAM = os.environ["UPSTREAM"]
HEADERS = {"content-type": "application/json", "authorization": "Bearer sk-upstream"}
sessions: list[aiohttp.ClientSession] = []


def session() -> aiohttp.ClientSession:
    if not sessions:
        sessions.append(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256), auto_decompress=False)
        )
    return sessions[0]


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    message = await receive()
    raw = message["body"]
    while message["more_body"]:
        message = await receive()
        raw += message["body"]
    stream = json.loads(raw).get("stream")
    kind = b"text/event-stream" if stream else b"application/json"
    async with session().post(UPSTREAM + scope["path"], data=raw, headers=HEADERS) as answer:
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": [(b"content-type", kind)]}
        )
        if stream:
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "http.response.body", "body": await answer.read()})
