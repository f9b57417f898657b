"""The baseline: a pass-through on Starlette and aiohttp that reads the body to route, and nothing else."""

import json
import os
from collections.abc import AsyncIterator

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

UPSTREAM = os.environ["UPSTREAM"]
HEADERS = {"content-type": "application/json", "authorization": "Bearer sk-upstream"}
sessions: list[aiohttp.ClientSession] = []


def session() -> aiohttp.ClientSession:
    if not sessions:
        sessions.append(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256), auto_decompress=False)
        )
    return sessions[0]


async def forward(request: Request) -> Response:
    raw = await request.body()
    body = json.loads(raw)
    url = UPSTREAM + request.url.path
    if body.get("stream"):
        answer = await session().post(url, data=raw, headers=HEADERS)

        async def chunks() -> AsyncIterator[bytes]:
            async with answer:
                async for chunk in answer.content.iter_any():
                    yield chunk

        return StreamingResponse(chunks(), media_type="text/event-stream")
    async with session().post(url, data=raw, headers=HEADERS) as answer:
        return Response(await answer.read(), answer.status, media_type="application/json")


app = Starlette(routes=[Route("/v1/chat/completions", forward, methods=["POST"])])
