"""Requests to a workspace's API. What is refused is told in the workspace's own words."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, cast

import aiohttp

from promptstudio.values import InvalidJsonError, Json, dumps, loads
from promptstudio_cli.errors import CommandError
from promptstudio_cli.sync.access import URL_VARIABLE, Access
from promptstudio_cli.sync.places import printable

_TIMEOUT_S: Final = 30
_TRIES: Final = 3
_PAUSE_S: Final = 0.25  # before the second try; twice that before the third

# Nothing listens there, or whoever does has taken all the time there was.
_NOT_AGAIN: Final = (aiohttp.ClientConnectorError, TimeoutError)

Body = Mapping[str, Json]


class RefusedError(Exception):
    """The workspace does not do this."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class UnreachableError(CommandError):
    """No answer of a workspace came. Whether what was sent has arrived is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx. `etag` is empty where there is none."""

    body: Body
    etag: str


@asynccontextmanager
async def connected(access: Access, *, pause_s: float = _PAUSE_S) -> AsyncIterator["Connection"]:
    """A connection to the workspace, for as long as the context lasts."""
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Authorization": f"Bearer {access.key}"},
    ) as session:
        yield Connection(access, session, pause_s)


async def downloaded(access: Access, path: str) -> AsyncIterator[bytes]:
    """The answer to a GET, piece by piece as it comes, however long it takes as long as it comes.

    Raises RefusedError, UnreachableError and CommandError.
    """
    async with connected(access) as connection:
        async for piece in connection.pieces(path):
            yield piece


class Connection:
    """Sends requests with the key. A GET that meets a 5xx, or whose answer is cut off, is tried again."""

    def __init__(self, access: Access, session: aiohttp.ClientSession, pause_s: float) -> None:
        self._access = access
        self._session = session
        self._pause_s = pause_s

    async def get(self, path: str) -> Answer:
        """Raises RefusedError, UnreachableError and CommandError."""
        for pause in range(1, _TRIES):
            try:
                return await self._send("GET", path, None, {})
            except RefusedError as error:
                if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise
            except UnreachableError as error:
                if isinstance(error.__cause__, _NOT_AGAIN):
                    raise
            await asyncio.sleep(pause * self._pause_s)
        return await self._send("GET", path, None, {})

    async def pieces(self, path: str) -> AsyncIterator[bytes]:
        """See `downloaded`."""
        patience = aiohttp.ClientTimeout(total=None, sock_connect=_TIMEOUT_S, sock_read=_TIMEOUT_S)
        url = self._access.url + path
        try:
            async with self._session.get(url, allow_redirects=False, timeout=patience) as response:
                if response.status != HTTPStatus.OK:
                    self._answer(response, await response.read())
                    raise self.foreign()
                async for piece in response.content.iter_any():
                    yield piece
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._unreachable(error) from error

    async def send(
        self, method: str, path: str, body: Body | None = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A change, sent once. Raises RefusedError, UnreachableError and CommandError."""
        return await self._send(method, path, body, headers or {})

    async def _send(self, method: str, path: str, body: Body | None, headers: Mapping[str, str]) -> Answer:
        typed = {**headers, "Content-Type": "application/json"} if body is not None else headers
        data = dumps(dict(body)).encode() if body is not None else None
        url = self._access.url + path
        try:
            async with self._session.request(
                method, url, data=data, headers=typed, allow_redirects=False
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._unreachable(error) from error
        return self._answer(response, content)

    def _unreachable(self, error: Exception) -> UnreachableError:
        return UnreachableError(
            f"{self._access.url} cannot be reached: {_reason(error)}.",
            f"Start it with `promptstudio dev`, or name another address with --url or {URL_VARIABLE}.",
        )

    def _answer(self, response: aiohttp.ClientResponse, content: bytes) -> Answer:
        status = response.status
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            place = printable(response.headers.get("Location", "elsewhere"))
            raise CommandError(
                f"{self._access.url} sends us to {place}.",
                f"The key goes to no other address than the one that is named: --url or {URL_VARIABLE}.",
            )
        try:
            body = loads(content) if content else {}
        except InvalidJsonError:
            body = None
        if status >= HTTPStatus.BAD_REQUEST:
            raise self._refusal(status, body)
        if not isinstance(body, dict):
            raise self.foreign()
        return Answer(body, response.headers.get("ETag", ""))

    def _refusal(self, status: int, body: Json) -> Exception:
        if not (isinstance(body, dict) and isinstance(body.get("detail"), str) and "code" in body):
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                return RefusedError(status, "", f"answers with status {status}")
            return self.foreign()
        detail = " ".join([cast("str", body["detail"]), *_fields(body.get("errors"))])
        if status == HTTPStatus.UNAUTHORIZED:
            return CommandError(
                f"{self._access.url} does not take the key in {self._access.variable}: {printable(detail)}",
                f"Make a key with the scopes read and write there, and set {self._access.variable} to it.",
            )
        if status == HTTPStatus.FORBIDDEN:
            detail += f" The key is the one in {self._access.variable}."
        return RefusedError(status, str(body["code"]), printable(detail))

    def foreign(self) -> CommandError:
        """What to say of answers that no workspace gives."""
        return CommandError(
            f"What answers at {self._access.url} is no workspace of PromptStudio.",
            f"Name its address with --url or {URL_VARIABLE}.",
        )


def _reason(error: Exception) -> str:
    """Why there is no answer. aiohttp's own words for a refused connection are not for people."""
    errno = error.os_error.errno if isinstance(error, aiohttp.ClientConnectorError) else None
    if errno is not None and errno > 0:  # names that are not found have numbers below
        return os.strerror(errno)
    return str(error) or "no answer in time"


def _fields(errors: Json) -> list[str]:
    """What is wrong with each value, as the problem tells it."""
    rows = [row for row in errors if isinstance(row, dict)] if isinstance(errors, list) else []
    return [f"{row.get('pointer')}: {row.get('message')}." for row in rows]
