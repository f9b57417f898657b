"""The workspace's drafts and partials, as `push` and `pull` see them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode

from promptstudio.values import Json
from promptstudio_cli.sync.connection import Body, Connection, RefusedError
from promptstudio_cli.sync.differences import Here, Identity, Kind, There
from promptstudio_cli.sync.places import printable

_PROMPTS: Final = "/api/prompts"
_PARTIALS: Final = "/api/partials"
_PAGE: Final = 100
_AT_ONCE: Final = 8
_FIRST, _BREAKING = "first", "major"


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a text that was sent: its ETag there, and what the workspace finds wrong with it."""

    etag: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """A version that was made, or would be."""

    number: int
    semver: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What publishing a draft would make. `semver` is empty where `problems` stand against it."""

    number: int
    unchanged: bool
    semver: str
    breaking: bool
    reasons: tuple[str, ...]
    problems: tuple[str, ...]


class Workspace:
    """Each method raises RefusedError, UnreachableError and CommandError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def folders(self) -> dict[Identity, str]:
        """The folder of every prompt; of partials, an empty one."""
        prompts, partials = await asyncio.gather(self._list(_PROMPTS), self._list(_PARTIALS))
        found = {Identity(Kind.prompt, self._text(row, "name")): self._text(row, "folder") for row in prompts}
        return found | {Identity(Kind.partial, self._text(row, "name")): "" for row in partials}

    async def read(self, folders: Mapping[Identity, str]) -> dict[Identity, There]:
        """Drafts and partials with their texts, without those that are deleted meanwhile."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(identity: Identity, folder: str) -> There | None:
            async with gate:
                return await self._read(identity, folder)

        found = await asyncio.gather(*(one(identity, folder) for identity, folder in folders.items()))
        return {identity: there for identity, there in zip(folders, found, strict=True) if there}

    async def create(self, identity: Identity, here: Here) -> Sent:
        """Make what is not there yet."""
        if identity.kind is Kind.partial:
            return await self._put(identity, here.text, {"If-None-Match": "*"})
        order: Body = {"name": identity.name, "text": here.text, "folder": here.folder}
        await self._connection.send("POST", _PROMPTS, order)
        draft = await self._connection.get(_address(identity))
        return Sent(draft.etag, _problems(draft.body))

    async def replace(self, identity: Identity, here: Here, there: There) -> Sent:
        """Put the text here in the place of the one that was read there."""
        return await self._put(identity, here.text, {"If-Match": there.etag})

    async def move(self, identity: Identity, here: Here, there: There) -> None:
        """File a prompt in the folder that it has here, if it still lies where it was read."""
        prompt = await self._connection.get(_prompt(identity))
        if prompt.body.get("folder") != there.folder:
            raise RefusedError(HTTPStatus.PRECONDITION_FAILED, "", "It was moved at this moment.")
        await self._connection.send(
            "PATCH", _prompt(identity), {"folder": here.folder}, headers={"If-Match": prompt.etag}
        )

    async def delete(self, identity: Identity, there: There) -> None:
        """Delete what is still as it was read; of a prompt, the versions too."""
        if identity.kind is Kind.partial:
            await self._connection.send("DELETE", _address(identity), headers={"If-Match": there.etag})
            return
        # The prompt's own ETag does not tell of its draft.
        prompt = await self._connection.get(_prompt(identity))
        draft = await self._connection.get(_address(identity))
        if draft.etag != there.etag:
            raise RefusedError(HTTPStatus.PRECONDITION_FAILED, "", "It has changed at this moment.")
        await self._connection.send("DELETE", _prompt(identity), headers={"If-Match": prompt.etag})

    async def proposal(self, identity: Identity) -> Proposal:
        """What publishing a prompt's draft would say."""
        body = (await self._connection.get(f"{_prompt(identity)}/proposal")).body
        semver = body.get("semver")
        return Proposal(
            number=self._number(body),
            unchanged=body.get("unchanged") is True,
            semver=semver if isinstance(semver, str) else "",
            breaking=body.get("level") == _BREAKING,
            reasons=() if body.get("level") == _FIRST else _lines(body.get("reasons")),
            problems=_problems(body),
        )

    async def publish(self, identity: Identity, etag: str, *, message: str, breaking: bool) -> Published:
        """Publish a prompt's draft, if it still has this ETag."""
        order: Body = {"message": message, "breaking": breaking}
        answer = await self._connection.send(
            "POST", f"{_prompt(identity)}/versions", order, headers={"If-Match": etag}
        )
        return Published(self._number(answer.body), self._text(answer.body, "semver"))

    async def _list(self, path: str) -> list[Body]:
        rows: list[Body] = []
        query = {"limit": str(_PAGE)}
        while True:
            page = (await self._connection.get(f"{path}?{urlencode(query)}")).body
            items, cursor = page.get("items"), page.get("next_cursor")
            if not isinstance(items, list):
                raise self._connection.foreign()
            rows += [row for row in items if isinstance(row, dict)]
            if not isinstance(cursor, str):
                return rows
            query["cursor"] = cursor

    async def _read(self, identity: Identity, folder: str) -> There | None:
        try:
            answer = await self._connection.get(_address(identity))
        except RefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return There(folder, self._text(answer.body, "text"), answer.etag)

    async def _put(self, identity: Identity, text: str, headers: Mapping[str, str]) -> Sent:
        answer = await self._connection.send("PUT", _address(identity), {"text": text}, headers=headers)
        return Sent(answer.etag, _problems(answer.body))

    def _number(self, body: Body) -> int:
        value = body.get("number")
        if not isinstance(value, int):
            raise self._connection.foreign()
        return value

    def _text(self, body: Body, member: str) -> str:
        value = body.get(member)
        if not isinstance(value, str):
            raise self._connection.foreign()
        return value


def _prompt(identity: Identity) -> str:
    return f"{_PROMPTS}/{quote(identity.name, safe='')}"


def _address(identity: Identity) -> str:
    """Where a text is: a draft's, or a partial's."""
    if identity.kind is Kind.partial:
        return f"{_PARTIALS}/{quote(identity.name, safe='')}"
    return f"{_prompt(identity)}/draft"


def _lines(rows: Json) -> tuple[str, ...]:
    return tuple(printable(str(row)) for row in rows) if isinstance(rows, list) else ()


def _problems(body: Body) -> tuple[str, ...]:
    """What the workspace finds wrong with a text, a line each."""
    rows = body.get("findings")
    return tuple(_problem(row) for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()


def _problem(row: Body) -> str:
    partial = f"_{row['partial']}:" if "partial" in row else ""
    place = f"{partial}{row.get('line')}:{row.get('column')}"
    return printable(f"{place}: {row.get('severity')}: {row.get('message')}")
