"""Every route with what belongs to another workspace: its ids in paths, queries and bodies, its cursors."""

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.security.building import GREET, THEIRS
from tests.security.ground import Copy, Ground, Route, filled, parameters
from tests.security.matrix import ROWS, Row, call

Foreign = Mapping[str, str]

CALLERS = ("owner", "admin key", "both")
"""Who may do everything at home, and one who may over there too, but not with a session of here."""

OTHERS = ("guest", "viewer", "editor", "guest+owner", "read key", "write key", "run key elsewhere")

NAMES_A_NEW_THING: Mapping[Route, int] = {
    ("PUT", "/api/providers/{name}"): 412,  # there is none here whose ETag could match
    ("PUT", "/api/partials/{name}"): 412,
}
"""Where a name that only others use is free here."""

UNKNOWN: Mapping[str, str] = {
    **dict.fromkeys(("prompt", "label", "partial", "provider"), "unknown"),
    **dict.fromkeys(("member", "guest", "link", "invitation", "key"), "xxx_0123456789abcdef01234567"),
    "number": "77",
}

LABEL = ("PUT", "/api/prompts/{name}/labels/{label}")
WITH_IDS = [row for row in ROWS if parameters(row.route[1])]


def named(row: Row) -> str:
    return " ".join(row.route)


def choices(row: Row) -> Iterator[list[str]]:
    """The parameters that may be foreign: each, and of two also both."""
    names = sorted(parameters(row.route[1]))
    for size in range(1, len(names) + 1):
        for chosen in map(list, itertools.combinations(names, size)):
            if (row.route, chosen) != (LABEL, ["label"]):  # any name is good for a new label
                yield chosen


def taken(row: Row, chosen: list[str], ids: Mapping[str, str]) -> Foreign:
    return {name: ids[kind] for name, kind in parameters(row.route[1]).items() if name in chosen}


def expected(row: Row, who: str) -> int:
    """Nothing is there for who would be let in; others are told what they are told at home."""
    status = row.statuses["owner" if who == "both" else who]
    return NAMES_A_NEW_THING.get(row.route, 404) if status == row.success else status


async def asked(copy: Copy, row: Row, who: str, foreign: Foreign) -> httpx2.Response:
    mine = copy.ground.mine
    path = filled(row.route[1], mine.ids, **foreign)
    return await copy.ask(mine.actors[who], (row.route[0], path), **call(row.route, mine))


@pytest.mark.parametrize("row", WITH_IDS, ids=named)
async def test_to_know_an_id_is_to_know_nothing(ground: Ground, tmp_path: Path, row: Row) -> None:
    """CVE-2026-41947, CVE-2026-41949 Dify, CVE-2026-45349 Open WebUI; of two ids also one alone, each way:
    CVE-2026-41649, CVE-2026-43890 Outline."""
    async with ground.copy(tmp_path) as copy:
        before = copy.rows()
        for chosen in choices(row):
            foreign = taken(row, chosen, ground.theirs.ids)
            for who in CALLERS:
                answer = await asked(copy, row, who, foreign)
                assert answer.status_code == expected(row, who), (who, chosen, answer.text)
        assert copy.rows() == before


@pytest.mark.parametrize("row", WITH_IDS, ids=named)
async def test_a_foreign_id_is_answered_as_one_that_nobody_has(
    ground: Ground, tmp_path: Path, row: Row
) -> None:
    """CVE-2026-41947 Dify: nor does the answer tell whether there is such a thing elsewhere."""
    async with ground.copy(tmp_path) as copy:
        before = copy.rows()
        for chosen in choices(row):
            foreign = taken(row, chosen, ground.theirs.ids)
            unknown = taken(row, chosen, UNKNOWN)
            for who in (*CALLERS, *OTHERS):
                told = [plain(await asked(copy, row, who, ids), ids) for ids in (foreign, unknown)]
                assert told[0] == told[1], (who, chosen)
        assert copy.rows() == before


def plain(answer: httpx2.Response, ids: Foreign) -> tuple[int, str]:
    """An answer without what is its own: the ids that were sent, and its request's."""
    text = re.sub("req_[0-9a-f]{24}", "req", answer.text)
    for name in ids.values():
        text = re.sub(rf"\b{re.escape(name)}\b", "id", text)
    return answer.status_code, text


def bodies(ground: Ground) -> list[tuple[Route, dict[str, Any], int]]:
    """What belongs to the other workspace in queries and bodies, and what comes of it."""
    theirs = ground.theirs
    text, number = "{{> " + theirs.ids["partial"] + "}}", int(theirs.ids["number"])
    model, prompt = f"{theirs.ids['provider']}/x", theirs.ids["prompt"]
    on = f"/api/prompts/{GREET}"
    invited = {"email": "new@example.com", "prompt": prompt}
    return [
        (("POST", "/api/session/workspace"), {"json": {"workspace": theirs.workspace}}, 404),
        (("POST", "/api/invitations"), {"json": {**invited, "role": "guest"}}, 404),
        (("POST", "/api/invitations"), {"json": {**invited, "share": "owner"}}, 404),
        (("PATCH", "/api/workspace"), {"json": {"model": model}}, 400),
        (("PUT", f"{on}/draft"), {"json": {"text": text}}, 200),
        (("POST", f"{on}/versions"), {"json": {"text": text, "breaking": True}}, 400),
        (("PUT", f"{on}/labels/new"), {"json": {"version": number}}, 404),
        (("POST", f"{on}/links"), {"json": {"version": number}}, 404),
        (("POST", f"{on}/test"), {"json": {"variables": {"name": "Ada"}, "version": number}}, 404),
        (("POST", f"{on}/test"), {"json": {"variables": {"name": "Ada"}, "models": [model]}}, 200),
        (("GET", f"{on}/diff"), {"params": {"from": "1", "to": str(number)}}, 404),
        (("GET", "/api/prompts"), {"params": {"q": THEIRS}}, 200),
        (("GET", "/api/prompts"), {"params": {"folder": THEIRS}}, 200),
        (("GET", "/api/prompts"), {"params": {"tag": THEIRS}}, 200),
        (
            ("POST", "/api/keys"),
            {"json": {"name": "k", "prompts": [prompt]}},
            201,
        ),  # names one of here, if ever
    ]


async def test_what_a_body_or_a_query_names_is_looked_for_at_home(ground: Ground, tmp_path: Path) -> None:
    """CVE-2026-41649, CVE-2026-43890 Outline; CVE-2026-41947 Dify: the ids that are not in the path."""
    for route, sent, status in bodies(ground):
        async with ground.copy(tmp_path) as copy:
            before = copy.rows_of_theirs()
            for who in ("owner", "admin key"):
                answer = await copy.ask(ground.mine.actors[who], route, **sent)
                expected = 403 if (who, route[1]) == ("admin key", "/api/session/workspace") else status
                assert answer.status_code == expected, (route, who, answer.text)
                if "items" in answer.text:
                    assert answer.json()["items"] == []
            assert copy.rows_of_theirs() == before


def lists(ground: Ground) -> list[str]:
    """The routes that answer lists."""
    described = ground.app.openapi()["paths"]
    return [
        path
        for (method, path) in (row.route for row in ROWS if not row.public)
        if method == "GET" and "cursor" in str(described[path]["get"].get("parameters"))
    ]


async def test_the_lists_of_two_workspaces_have_nothing_in_common(ground: Ground, tmp_path: Path) -> None:
    """GHSA-c2c9-mfw7-p8hw Flowise: lists without a filter showed everybody's rows."""
    sides = (ground.mine, ground.theirs)
    async with ground.copy(tmp_path) as copy:
        for path in lists(ground):
            for who in ("owner", "admin key"):
                pages = [await everything(copy, path, who, by) for by in sides]
                assert all(pages), path
                kept = [{str(row) for row in page if not row.get("built_in")} for page in pages]
                assert not kept[0] & kept[1], path


async def everything(copy: Copy, path: str, who: str, by: Any) -> list[dict[str, Any]]:
    """All rows of a list, by pages of one; `ask` sees to it that none tells of the other side."""
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    route = ("GET", filled(path, by.ids))
    while True:
        params = {"limit": "1", **cursor, "workspace": copy.ground.theirs.workspace}
        page = (await copy.ask(by.actors[who], route, by=by, params=params)).json()
        rows += page["items"]
        if "next_cursor" not in page:
            return rows
        cursor = {"cursor": page["next_cursor"]}


async def test_a_cursor_of_theirs_shows_nothing_of_them(ground: Ground, tmp_path: Path) -> None:
    """GHSA-c2c9-mfw7-p8hw Flowise: where a page ends is no way into another list."""
    async with ground.copy(tmp_path) as copy:
        for path in lists(ground):
            theirs = ground.theirs
            route = ("GET", filled(path, theirs.ids))
            page = (await copy.ask(theirs.actors["owner"], route, by=theirs, params={"limit": "1"})).json()
            if "next_cursor" not in page:
                continue
            params = {"cursor": page["next_cursor"]}
            answer = await copy.ask(
                ground.mine.actors["owner"], ("GET", filled(path, ground.mine.ids)), params=params
            )
            assert answer.status_code == 200
