"""Every route × what another origin's page, a second way for keys, or another shape of body could try."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.functions.platform import URL
from tests.security.ground import Copy, Ground, filled
from tests.security.matrix import ROWS, Row, call

pytestmark = pytest.mark.usefixtures("cheap_hashes")

GUARDED = [row for row in ROWS if not row.public]
CHANGES = [row for row in GUARDED if row.route[0] != "GET"]

ASSIGNED = ("id", "workspace", "workspace_id", "created_by", "__proto__", "account", "is_admin")


def named(row: Row) -> str:
    return " ".join(row.route)


async def asked(copy: Copy, row: Row, headers: Mapping[str, str], **sent: Any) -> int:
    """The status of a call that would succeed, but for what is said here."""
    mine = copy.ground.mine
    route = (row.route[0], filled(row.route[1], mine.ids))
    return (await copy.ask(headers, route, **{**call(row.route, mine), **sent})).status_code


@pytest.mark.parametrize("row", CHANGES, ids=named)
async def test_a_change_by_cookie_takes_a_page_of_ours(ground: Ground, tmp_path: Path, row: Row) -> None:
    """PYSEC-2021-100 FastAPI and what follows from it: the cookie alone, another session's token, another
    page's origin are refused, and change nothing."""
    owner, other = (dict(ground.mine.actors[who]) for who in ("owner", "admin"))
    async with ground.copy(tmp_path) as copy:
        before = copy.rows()
        cookie = {"cookie": owner["cookie"]}
        for token in (None, "", "null", other["x-csrf-token"], owner["x-csrf-token"][:-1]):
            headers = cookie if token is None else {**cookie, "x-csrf-token": token}
            assert await asked(copy, row, headers) == 403, token
        for origin in ("https://evil.example", "null", "http://platform.test.evil.example", "http://evil"):
            assert await asked(copy, row, {**owner, "origin": origin}) == 403, origin
        assert copy.rows() == before
        assert await asked(copy, row, {**owner, "origin": URL}) == row.success


@pytest.mark.parametrize("row", GUARDED, ids=named)
async def test_a_key_comes_in_its_one_header_alone(ground: Ground, tmp_path: Path, row: Row) -> None:
    """CVE-2026-45339 Open WebUI: a second header for keys skipped the check of their scopes."""
    bearer = ground.mine.actors["admin key"]["authorization"]
    key = bearer.removeprefix("Bearer ")
    ways = [
        *({name: key} for name in ("x-api-key", "api-key", "x-goog-api-key", "x-auth-token")),
        *({"cookie": f"{name}={key}"} for name in ("ps_session", "token", "authorization")),
        {"proxy-authorization": bearer},
        {"authorization": key},
        {"authorization": f"Basic {key}"},
        {"authorization": f"Bearer {ground.mine.workspace}"},
    ]
    async with ground.copy(tmp_path) as copy:
        before = copy.rows()
        assert [await asked(copy, row, way) for way in ways] == [401] * len(ways)
        assert copy.rows() == before


@pytest.mark.parametrize("row", GUARDED, ids=named)
async def test_a_second_credential_adds_nothing_to_the_first(
    ground: Ground, tmp_path: Path, row: Row
) -> None:
    """CVE-2026-45339 Open WebUI: a key is held to its scope, whatever comes along with it."""
    actors = ground.mine.actors
    along = {**actors["owner"], "x-api-key": actors["admin key"]["authorization"].removeprefix("Bearer ")}
    async with ground.copy(tmp_path) as copy:
        before = copy.rows()
        for who in ("deploy key", "run key", "read key elsewhere", "no key", "revoked key"):
            status = row.statuses.get(who, 401)
            if status != row.success:
                assert await asked(copy, row, {**along, **actors[who]}) == status, who
        assert copy.rows() == before


def takes_body(ground: Ground, row: Row) -> bool:
    return "requestBody" in ground.app.openapi()["paths"].get(row.route[1], {}).get(row.route[0].lower(), {})


@pytest.mark.parametrize("row", ROWS, ids=named)
async def test_a_body_assigns_nothing_that_is_not_asked_for(ground: Ground, tmp_path: Path, row: Row) -> None:
    """CVE-2026-41277, CVE-2026-46480 Flowise: an id or a workspace in a body was taken over."""
    sent = call(row.route, ground.mine).get("json")
    assert takes_body(ground, row) == (sent is not None), "matrix.py has a body for each route that takes one"
    if sent is None:
        return
    async with ground.copy(tmp_path) as copy:
        before = copy.rows()
        for member in ASSIGNED:
            if member not in sent:
                body = {**sent, member: ground.theirs.workspace}
                assert await asked(copy, row, ground.mine.actors["owner"], json=body) == 400, member
        assert copy.rows() == before


@pytest.mark.parametrize("row", [row for row in ROWS if row.route[0] != "GET"], ids=named)
async def test_json_of_another_type_is_no_json(ground: Ground, tmp_path: Path, row: Row) -> None:
    """PYSEC-2021-100 FastAPI: JSON as text/plain evades the preflight that keeps other origins' pages out."""
    owner = ground.mine.actors["owner"]
    kinds = (
        "text/plain",
        "text/plain;application/json",
        "application/x-www-form-urlencoded",
        "text/json",
        "",
    )
    async with ground.copy(tmp_path) as copy:
        before = copy.rows()
        for kind in kinds:
            status = await asked(
                copy, row, {**owner, "content-type": kind}, json=None, content=b'{"name":"x"}'
            )
            assert status == 415, kind
        assert copy.rows() == before
