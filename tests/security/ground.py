"""Two workspaces with one of everything, and somebody of every kind who may ask: the ground of the matrix.

`building.py` makes it once. Each call that may change something gets a copy of its own.
"""

import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from promptstudio.access.principal import Principal
from promptstudio.storage.port import Store
from promptstudio.storage.sqlite import SqliteStore
from promptstudio_functions.platform_app import PlatformApp
from tests.functions.platform import URL, services_for
from tests.people import Clock, World

Route = tuple[str, str]

# What each parameter of a path stands for, by the noun that the path begins with.
PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "prompts": {"name": "prompt", "id": "link", "member": "guest", "number": "number", "label": "label"},
    "partials": {"name": "partial"},
    "providers": {"name": "provider"},
    "members": {"id": "member"},
    "invitations": {"id": "invitation"},
    "keys": {"id": "key"},
}


@dataclass(frozen=True, slots=True)
class Side:
    """A workspace. `ids` are of what there is in it, by kind; `actors` the headers of who may ask, by name;
    `secrets` what lets in whoever has it; `marks` are texts that no other workspace has."""

    workspace: str
    ids: Mapping[str, str]
    actors: Mapping[str, Mapping[str, str]]
    secrets: Mapping[str, str]
    marks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ground:
    """Both workspaces as they lie in the store's `file`, at the time `now`."""

    file: Path
    now: float
    app: FastAPI
    owner: Principal
    mine: Side
    theirs: Side

    @asynccontextmanager
    async def copy(
        self, folder: Path, *, v1: bool = False, through: Callable[[Store], Store] = lambda store: store
    ) -> AsyncIterator["Copy"]:
        """The ground as it was built, for whatever happens to it, in a file in the folder.

        With `v1`, what is published is served too. The store is asked `through` another one.
        """
        file = Path(shutil.copyfile(self.file, folder / self.file.name))
        clock = Clock(self.now)
        store = SqliteStore(file, now=clock)
        services = services_for(World(through(store), clock, self.mine.workspace, self.owner))
        self.app.state.services = services
        try:
            yield Copy(self, file, PlatformApp(services) if v1 else self.app)
        finally:
            await services.connections.close()
            await store.close()


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the ground that is being asked."""

    ground: Ground
    file: Path
    app: FastAPI | PlatformApp

    async def ask(
        self, headers: Mapping[str, str], route: Route, *, by: Side | None = None, **sent: Any
    ) -> httpx2.Response:
        """An answer to somebody of `by`, by default of `mine`; `sent` are `json`, `params` and the like.

        It tells nothing of the other side but what was in the request.
        """
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(transport=transport, base_url=URL) as client:
            answer = await client.request(*route, headers={"if-match": "*", **headers}, **sent)
        hidden = self.ground.mine if by is self.ground.theirs else self.ground.theirs
        request, told = f"{route} {sent}", f"{answer.headers} {answer.text}"
        leaked = {mark for mark in hidden.marks if mark in told and mark not in request}
        assert not leaked, (route, leaked)
        return answer

    def rows(self) -> dict[tuple[str, str], str]:
        """All that is stored, but for when keys were used."""
        return rows_of(self.file)

    def rows_of_theirs(self) -> dict[tuple[str, str], str]:
        """What is stored of the workspace that nobody here may touch."""
        workspace = self.ground.theirs.workspace
        return {key: row for key, row in self.rows().items() if workspace in f"{key} {row}"}


def rows_of(file: Path) -> dict[tuple[str, str], str]:
    """Version and data of each item in a store's file."""
    database = sqlite3.connect(file)
    try:
        found = database.execute("SELECT pk, sk, version, data FROM items").fetchall()
    finally:
        database.close()
    return {
        (pk.decode(), sk.decode()): f"{version} {data.decode()}"
        for pk, sk, version, data in found
        if not pk.endswith(b"#key_uses")
    }


def served(app: FastAPI) -> list[Route]:
    """Each route that an application answers, but for its description of itself."""
    contexts = iter_route_contexts(app.routes)
    return [
        (method, str(context.path_format))
        for context in contexts
        if context.path != app.openapi_url
        for method in sorted(context.methods or ())
    ]


def parameters(path: str) -> Mapping[str, str]:
    """The parameters of a path, and what each stands for."""
    known = PARAMETERS.get(path.split("/")[2] if path.count("/") > 1 else "", {})
    found = {name: kind for name, kind in known.items() if f"{{{name}}}" in path}
    assert path.count("{") == len(found), f"tests/security/ground.py does not know what {path} names"
    return found


def filled(path: str, ids: Mapping[str, str], **foreign: str) -> str:
    """A path with an id for each parameter, of `foreign` where it has one."""
    for name, kind in parameters(path).items():
        path = path.replace(f"{{{name}}}", foreign.get(name, ids[kind]))
    return path
