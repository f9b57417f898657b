"""Upstash's REST before a Redis on a Unix socket: commands as JSON arrays, results as JSON.

python -m tests.contract.engines.upstash_front SOCKET TOKEN
"""

import asyncio
import base64
import json
import sys
from typing import Final, TypeAlias

import uvloop
from aiohttp import web

Reply: TypeAlias = "bytes | str | int | list[Reply] | RedisError | None"

_BODY_BYTES: Final = 32 << 20


class RedisError(Exception):
    """An error that Redis answered."""


class Redis:
    """Connections to Redis, as many as are used at once."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, commands: list[list[bytes]]) -> list[Reply]:
        """The replies to commands that are sent together."""
        reader, writer = self._idle.pop() if self._idle else await self._connect()
        writer.write(b"".join(_written(command) for command in commands))
        replies = [await _reply(reader) for _ in commands]
        self._idle.append((reader, writer))
        return replies

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(self._socket, limit=_BODY_BYTES)


def _written(command: list[bytes]) -> bytes:
    parts = b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in command)
    return b"*%d\r\n%b" % (len(command), parts)


async def _reply(reader: asyncio.StreamReader) -> Reply:
    line = (await reader.readuntil(b"\r\n"))[:-2]
    kind, rest = line[:1], line[1:]
    if kind == b"+":
        return rest.decode()
    if kind == b"-":
        return RedisError(rest.decode())
    if kind == b":":
        return int(rest)
    length = int(rest)
    if length < 0:
        return None
    if kind == b"*":
        return [await _reply(reader) for _ in range(length)]
    return (await reader.readexactly(length + 2))[:-2]


class Front:
    """One handler for each path of the REST."""

    def __init__(self, redis: Redis, token: str) -> None:
        self._redis = redis
        self._token = token

    async def command(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        [reply] = await self._redis.ask([_command(await request.json())])
        return _answer(_told(reply, request), 400 if isinstance(reply, RedisError) else 200)

    async def pipeline(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        replies = await self._redis.ask([_command(command) for command in await request.json()])
        return _answer([_told(reply, request) for reply in replies], 200)

    async def multi_exec(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        commands = [_command(command) for command in await request.json()]
        *_, reply = await self._redis.ask([[b"MULTI"], *commands, [b"EXEC"]])
        if not isinstance(reply, list):
            return _answer(_told(reply, request), 400)
        return _answer([_told(one, request) for one in reply], 200)

    def _refused(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") == f"Bearer {self._token}":
            return None
        return _answer({"error": "WRONGPASS invalid or missing auth token"}, 401)


def _command(parts: list[str | int | float]) -> list[bytes]:
    return [str(part).encode() for part in parts]


def _told(reply: Reply, request: web.Request) -> dict[str, object]:
    if isinstance(reply, RedisError):
        return {"error": str(reply)}
    return {"result": _as_json(reply, request.headers.get("Upstash-Encoding") == "base64")}


def _as_json(reply: Reply, in_base64: bool) -> object:
    if isinstance(reply, list):
        return [_as_json(one, in_base64) for one in reply]
    if isinstance(reply, str):  # a status such as OK
        reply = reply if reply == "OK" else reply.encode()
    if isinstance(reply, bytes):
        return base64.b64encode(reply).decode() if in_base64 else reply.decode(errors="replace")
    return reply


def _answer(body: object, status: int) -> web.Response:
    return web.Response(text=json.dumps(body), status=status, content_type="application/json")


async def _serve(socket: str, token: str) -> None:
    front = Front(Redis(socket), token)
    app = web.Application(client_max_size=_BODY_BYTES)
    app.add_routes(
        [
            web.post("/", front.command),
            web.post("/pipeline", front.pipeline),
            web.post("/multi-exec", front.multi_exec),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sys.stdout.write(f"listening on {runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(*sys.argv[1:]))
