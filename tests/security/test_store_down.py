"""A store that does not answer, or does not write: nobody gets in by it, and nothing is half done."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from promptstudio.access.principal import Scope
from promptstudio.storage.port import Item, Page, Store, Unavailable, Write
from promptstudio.storage.sqlite import SqliteStore
from promptstudio_functions.api import create_app
from tests.functions.platform import Platform, services_for
from tests.people import Clock, World, workspace_in
from tests.security.building import NOBODIES
from tests.security.ground import Copy, Ground, filled
from tests.security.matrix import COLUMNS, ROWS, Row, call
from tests.security.test_matrix_v1 import ROWS as V1_ROWS
from tests.security.test_matrix_v1 import asked

pytestmark = pytest.mark.usefixtures("cheap_hashes")

WITHOUT_STORE = ("a stranger", "no key", "no session")
"""Who is told so before anybody looks."""


class Gone:
    """A store that nobody reaches. What was to be done did not happen."""

    def __init__(self, _: Store) -> None:
        pass

    async def get(self, pk: str, sk: str) -> Item | None:
        self._fail()

    async def query(
        self, pk: str, prefix: str = "", *, after: str | None = None, limit: int = 100, reverse: bool = False
    ) -> Page:
        self._fail()

    async def transact(
        self, writes: Sequence[Write], *, operation: str | None = None
    ) -> list[dict[str, int]]:
        self._fail()

    async def close(self) -> None:
        pass

    def _fail(self) -> NoReturn:
        raise Unavailable


def named(row: Row) -> str:
    return " ".join(row.route)


async def told(copy: Copy, row: Row, who: str) -> int:
    """The status for somebody. What says that the store is gone says when to try again."""
    mine = copy.ground.mine
    route = (row.route[0], filled(row.route[1], mine.ids))
    answer = await copy.ask(mine.actors.get(who, {}), route, **call(row.route, mine))
    if answer.status_code == 503:
        assert answer.json()["code"] == "unavailable"
        assert int(answer.headers["retry-after"]) > 0
    return answer.status_code


@pytest.mark.parametrize("row", ROWS, ids=named)
async def test_without_a_store_nobody_is_let_in(ground: Ground, tmp_path: Path, row: Row) -> None:
    """security.md (c) 6: requests are 503, and authentication does not fail open."""
    async with ground.copy(tmp_path, through=Gone) as copy:
        for who in (*COLUMNS, *NOBODIES, "a stranger"):
            expected = 401 if who in WITHOUT_STORE and not row.public else 503
            assert await told(copy, row, who) == expected, who


@pytest.mark.parametrize("row", V1_ROWS, ids=named)
async def test_without_a_store_nobody_runs_anything(ground: Ground, tmp_path: Path, row: Row) -> None:
    """security.md (c) 6: nor at /v1, where a run may cost money."""
    async with ground.copy(tmp_path, v1=True, through=Gone) as copy:
        for who in (*COLUMNS, *NOBODIES, "a stranger"):
            assert await asked(copy, row, who) == (401 if who in WITHOUT_STORE else 503), who


async def test_while_another_process_writes_for_long_reads_go_on_and_changes_are_503(tmp_path: Path) -> None:
    """security.md (c) 6 and 9: after a bounded wait, whole or not at all."""
    clock, file = Clock(), tmp_path / "promptstudio.db"
    store = SqliteStore(file, now=clock, busy_s=0.1)
    owner = await workspace_in(store, clock)
    services = services_for(World(store, clock, owner.workspace, owner))
    platform = Platform(create_app(services), services, World(store, clock, owner.workspace, owner))
    session, key = await platform.member(owner), await platform.key([Scope.admin])
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for client in (session, key):
        made = await client.post("/api/prompts", json={"name": "greet"})
        assert (made.status_code, made.json()["code"]) == (503, "unavailable")
        assert (await client.get("/api/prompts")).json() == {"items": []}
    body = {"email": "nobody@example.com", "password": "a wrong password"}
    assert (await platform.client().post("/api/session", json=body)).status_code == 503
    other.execute("ROLLBACK")
    other.close()
    assert (await session.post("/api/prompts", json={"name": "greet"})).status_code == 201
    await services.connections.close()
    await store.close()
