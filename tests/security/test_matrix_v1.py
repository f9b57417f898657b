"""What is published at /v1 × everybody who may ask. tests/security/matrix.py explains the table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.security.building import GREET, MINE, NOBODIES
from tests.security.ground import Copy, Ground
from tests.security.matrix import COLUMNS, Row, rows_of

ROWS = rows_of("""
GET  /v1/prompts              200 yyyyy yyyy y...y y..
GET  /v1/openapi.json         200 yyyyy yyyy y...y y..
POST /v1/prompts/{name}/run   200 -.yyy .yyy y...y ...
POST /v1/responses            200 -.yyy .yyy y...y ...
""")
VARIABLES = {"variables": {"name": "Ada"}}


def named(row: Row) -> str:
    return " ".join(row.route)


async def asked(copy: Copy, row: Row, who: str, prompt: str = GREET, /, **sent: Any) -> int:
    """The status of a call that names a prompt, where the route does."""
    method, path = row.route
    if method == "POST":
        body = {"prompt": {"id": prompt, **VARIABLES}} if path == "/v1/responses" else VARIABLES
        sent = {"json": body, **sent}
    headers = {**copy.ground.mine.actors.get(who, {}), **sent.pop("headers", {})}
    return (await copy.ask(headers, (method, path.format(name=prompt)), **sent)).status_code


async def statuses(copy: Copy, row: Row, callers: Sequence[str], prompt: str = GREET) -> dict[str, int]:
    return {who: await asked(copy, row, who, prompt) for who in callers}


@pytest.mark.parametrize("row", ROWS, ids=named)
async def test_who_may_run_is_let_in_and_nobody_else(ground: Ground, tmp_path: Path, row: Row) -> None:
    """CVE-2026-45339 Open WebUI: each scope; CVE-2026-32717 AnythingLLM: the suspended and their keys."""
    async with ground.copy(tmp_path, v1=True) as copy:
        assert await statuses(copy, row, COLUMNS) == row.statuses
        nobodies = ["a stranger", *NOBODIES]
        assert await statuses(copy, row, nobodies) == dict.fromkeys(nobodies, 401)


@pytest.mark.parametrize("row", [row for row in ROWS if row.route[0] == "POST"], ids=named)
async def test_a_foreign_prompt_is_as_one_that_nobody_has(ground: Ground, tmp_path: Path, row: Row) -> None:
    """CVE-2026-41947 Dify, CVE-2026-45349 Open WebUI: neither run nor shown, to whoever it is."""
    async with ground.copy(tmp_path, v1=True) as copy:
        for prompt in (ground.theirs.ids["prompt"], "unknown"):
            told = await statuses(copy, row, [who for who in COLUMNS if row.statuses[who] == 200], prompt)
            assert set(told.values()) == {404}
            assert await asked(copy, row, "both", prompt) == 404
            assert await asked(copy, row, "run key elsewhere", prompt) == 404


async def test_the_lists_tell_of_what_one_may_run_alone(ground: Ground, tmp_path: Path) -> None:
    """GHSA-c2c9-mfw7-p8hw Flowise: `ask` sees to it that nothing of the other workspace is told."""
    expected: dict[str, tuple[str, ...]] = {
        **dict.fromkeys(("owner", "viewer", "run key", "both"), (GREET, f"{MINE}-only")),
        **dict.fromkeys(("guest+viewer", "run key for greet"), (GREET,)),
        "run key elsewhere": (f"{MINE}-only",),
        "guest": (),
    }
    async with ground.copy(tmp_path, v1=True) as copy:
        for who, prompts in expected.items():
            headers = ground.mine.actors[who]
            listed = (await copy.ask(headers, ("GET", "/v1/prompts"))).json()
            assert tuple(row["name"] for row in listed["prompts"]) == prompts, who
            described = (await copy.ask(headers, ("GET", "/v1/openapi.json"))).json()
            for prompt in (GREET, f"{MINE}-only"):
                assert (f"/v1/prompts/{prompt}/run" in described["paths"]) == (prompt in prompts), who


@pytest.mark.parametrize("row", [row for row in ROWS if row.route[0] == "POST"], ids=named)
async def test_a_run_by_cookie_takes_a_page_of_ours(ground: Ground, tmp_path: Path, row: Row) -> None:
    """PYSEC-2021-100 FastAPI and what follows from it: runs cost money, so they take the token too."""
    token = ground.mine.actors["admin"]["x-csrf-token"]
    async with ground.copy(tmp_path, v1=True) as copy:
        before = copy.rows()
        for headers in ({"x-csrf-token": ""}, {"x-csrf-token": token}, {"origin": "https://evil.example"}):
            assert await asked(copy, row, "owner", headers=headers) == 403, headers
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            headers = {"content-type": kind}
            assert await asked(copy, row, "owner", json=None, content=b"{}", headers=headers) == 415, kind
        assert copy.rows() == before


@pytest.mark.parametrize("row", ROWS, ids=named)
async def test_a_key_comes_in_its_one_header_alone(ground: Ground, tmp_path: Path, row: Row) -> None:
    """CVE-2026-45339 Open WebUI: a second header for keys skipped the check of their scopes."""
    key = ground.mine.actors["run key"]["authorization"].removeprefix("Bearer ")
    async with ground.copy(tmp_path, v1=True) as copy:
        for headers in ({"x-api-key": key}, {"cookie": f"ps_session={key}"}, {"authorization": key}):
            assert await asked(copy, row, "a stranger", headers=headers) == 401, headers
        assert await asked(copy, row, "read key", headers={"x-api-key": key}) == 403
