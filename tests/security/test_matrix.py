"""Every route × everybody who may ask, in their own workspace; and that nobody else is let in."""

from collections.abc import Sequence
from pathlib import Path

import httpx2
import pytest

from promptstudio_functions.guarded_route import noun
from promptstudio_functions.permissions import RULES
from tests.functions.platform import URL
from tests.security.building import GREET, MINE, NARROW, NOBODIES
from tests.security.ground import Ground, filled, served
from tests.security.matrix import COLUMNS, ROWS, Row, call

pytestmark = pytest.mark.usefixtures("cheap_hashes")

GUARDED = [row for row in ROWS if not row.public]


def named(row: Row) -> str:
    return " ".join(row.route)


def test_each_route_is_in_both_tables_and_each_row_has_its_route(ground: Ground) -> None:
    """CVE-2026-35029 LiteLLM, CVE-2025-59305 Langfuse: an admin route that checks no role."""
    routes = served(ground.app)
    assert len(routes) == len(set(routes))
    assert set(routes) == set(RULES) == {row.route for row in ROWS}


def test_a_route_without_a_row_cannot_be_made() -> None:
    """CVE-2026-35029 LiteLLM: what the table does not name is not served, whatever its author forgot."""

    async def handler() -> None: ...

    for method, path in (("GET", "/api/unlisted"), ("PATCH", "/api/members"), ("GET", "/api/members/{name}")):
        with pytest.raises(KeyError):
            noun("new").add_api_route(path, handler, methods=[method])


async def statuses(ground: Ground, folder: Path, row: Row, callers: Sequence[str]) -> dict[str, int]:
    """What each caller is told, on the ground as it was built. What is refused has changed nothing."""
    method, path = row.route[0], filled(row.route[1], ground.mine.ids)
    told: dict[str, int] = {}
    while len(told) < len(callers):
        async with ground.copy(folder) as copy:
            before = copy.rows()
            for who in callers[len(told) :]:
                headers = ground.mine.actors.get(who, {})
                answer = await copy.ask(headers, (method, path), **call(row.route, ground.mine))
                told[who] = answer.status_code
                if answer.is_error:
                    assert answer.headers["content-type"] == "application/problem+json"
                if copy.rows() != before:
                    assert row.public or (answer.is_success and method != "GET"), (row.route, who)
                    break
    return told


@pytest.mark.parametrize("row", GUARDED, ids=named)
async def test_who_may_is_let_in_and_who_may_not_is_not(ground: Ground, tmp_path: Path, row: Row) -> None:
    """CVE-2026-35029 LiteLLM, CVE-2025-59305 Langfuse, CVE-2026-45339 Open WebUI: each role, each scope."""
    assert await statuses(ground, tmp_path, row, COLUMNS) == row.statuses


@pytest.mark.parametrize("row", GUARDED, ids=named)
async def test_a_key_for_some_prompts_may_on_them_what_another_key_may(
    ground: Ground, tmp_path: Path, row: Row
) -> None:
    """CVE-2026-45339 Open WebUI: and beside them what a key for other prompts may."""
    like = "{} key" if row.route[1].startswith("/api/prompts/{name}") else "{} key elsewhere"
    expected = {f"{scope} key for {GREET}": row.statuses[like.format(scope)] for scope in NARROW}
    assert await statuses(ground, tmp_path, row, list(expected)) == expected


@pytest.mark.parametrize("row", GUARDED, ids=named)
async def test_nobody_is_let_in_who_was_let_in_once(ground: Ground, tmp_path: Path, row: Row) -> None:
    """CVE-2026-32717 AnythingLLM, CVE-2025-68663 Outline: the suspended, their keys, and who has left."""
    callers = ["a stranger", *NOBODIES]
    assert await statuses(ground, tmp_path, row, callers) == dict.fromkeys(callers, 401)


PUBLIC = [row for row in ROWS if row.public]


@pytest.mark.parametrize("row", PUBLIC, ids=named)
async def test_a_public_route_asks_nobody_who_they_are(ground: Ground, tmp_path: Path, row: Row) -> None:
    """What proves something there is in the body or the query; a cookie or a key changes nothing."""
    callers = ["a stranger", "viewer", "suspended", "run key", "no key"]
    expected = 401 if row.route == ("POST", "/api/session") else row.success  # its password is wrong
    assert await statuses(ground, tmp_path, row, callers) == dict.fromkeys(callers, expected)


async def test_a_limit_to_prompts_holds_wherever_the_application_is_mounted(
    ground: Ground, tmp_path: Path
) -> None:
    """CVE-2026-45349 Open WebUI: what a path names was told by the path as it was sent, stage and all."""
    key = ground.mine.actors["read key elsewhere"]
    async with ground.copy(tmp_path):
        for root in ("", "/stage", "/api/prompts"):
            transport = httpx2.ASGITransport(ground.app, root_path=root)
            async with httpx2.AsyncClient(transport=transport, base_url=URL, headers=key) as client:
                for prompt, status in ((f"{MINE}-only", 200), (GREET, 403)):
                    answer = await client.get(f"{root}/api/prompts/{prompt}")
                    assert answer.status_code == status, root


@pytest.mark.parametrize("row", [row for row in GUARDED if row.statuses["owner"] == row.success], ids=named)
async def test_an_answer_is_as_it_is_described(ground: Ground, tmp_path: Path, row: Row) -> None:
    """docs/openapi.json: the status, the type, and whether there is an ETag for the next change."""
    method, path = row.route
    described = ground.app.openapi()["paths"][path][method.lower()]["responses"][str(row.success)]
    async with ground.copy(tmp_path) as copy:
        route = method, filled(path, ground.mine.ids)
        answer = await copy.ask(ground.mine.actors["owner"], route, **call(row.route, ground.mine))
    kind = answer.headers.get("content-type", "").partition(";")[0]
    assert [kind] == list(described.get("content", [""]))
    assert ("etag" in answer.headers) == ("ETag" in described.get("headers", {}))
