"""API keys: what peers got wrong about them."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptstudio.access.key_changes import KeyOrder, create_key
from promptstudio.access.keys import CACHED_S, KeyLookup, keys_key
from promptstudio.access.member_changes import MemberChange, change_member, remove_member
from promptstudio.access.principal import Role, Scope
from promptstudio.endpoint.keys import PREFIX, checksum
from promptstudio.ids import workspace_characters
from promptstudio.storage.port import Put
from promptstudio.storage.records import data
from promptstudio_functions.authentication import SESSION_COOKIE
from tests.functions.platform import Platform, platform_in

ORDER = KeyOrder(name="ci", scopes=(Scope.admin,))
QUOTES = ["'", '"', "' OR '1'='1", "\\'; DROP TABLE items; --", "%27", "\u2019", "`", "${1}", "{{7*7}}"]


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with platform_in(tmp_path) as platform:
        yield platform


async def made(platform: Platform) -> str:
    world = platform.world
    return (await create_key(world.store, world.owner, ORDER, world.clock())).text


async def status(platform: Platform, headers: dict[str, str], path: str = "/api/keys") -> int:
    async with platform.client() as client:
        request = client.build_request("GET", path)
        raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        request.headers.update(httpx2.Headers(raw))
        return (await client.send(request)).status_code


@pytest.mark.parametrize("quote", QUOTES)
async def test_a_quote_in_a_key_reaches_no_query(platform: Platform, quote: str) -> None:
    """CVE-2026-42208 (LiteLLM): a quote in the bearer token reached SQL before anybody was known."""
    key = await made(platform)
    for text in (quote, PREFIX + quote, key + quote, quote + key, key[:20] + quote + key[20:]):
        assert await status(platform, {"authorization": f"Bearer {text}"}) == 401
    assert await status(platform, {"authorization": f"Bearer {key}"}) == 200, "and the store is whole"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(text=st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=80))
async def test_no_text_is_a_key_by_chance(platform: Platform, text: str) -> None:
    """CVE-2026-42208 (LiteLLM): fuzzed credentials are refused, and nothing breaks."""
    assert await status(platform, {"authorization": text}) == 401
    assert await status(platform, {"authorization": f"Bearer {PREFIX}{text}"}) == 401


async def test_keys_that_begin_alike_are_different_people(platform: Platform) -> None:
    """CVE-2026-35030 (LiteLLM): the cache of identities was keyed by the token's first 20 characters."""
    world = platform.world
    lookup = KeyLookup(world.store, world.clock)
    stem = PREFIX + workspace_characters(world.workspace) + "x" * 31
    names = {}
    for last in "ab":
        key = stem + last + checksum(stem + last)
        record = (await create_key(world.store, world.owner, ORDER, world.clock())).found.value
        row = record.model_copy(update={"name": f"key {last}"})
        digest = sha256(key.encode()).hexdigest()
        await world.store.transact([Put(keys_key(world.workspace), digest, data(row))])
        names[key] = row.name
    for _ in range(2):  # asked, then remembered
        for key, name in names.items():
            found = await lookup.principal(key.encode())
            assert found is not None
            assert found.name == name
    unknown = stem + "c" + checksum(stem + "c")
    assert await lookup.principal(unknown.encode()) is None


async def test_a_hash_is_neither_shown_nor_taken(platform: Platform) -> None:
    """GHSA-69x8-hrgq-fjj8 (LiteLLM): the API answered a key's hash, and signing in took the hash."""
    key = await made(platform)
    digest = sha256(key.encode()).hexdigest()
    owner = await platform.member(platform.world.owner)
    listed = (await owner.get("/api/keys")).json()["items"]
    for row in listed:
        shown = await owner.get(f"/api/keys/{row['id']}")
        assert digest not in shown.text + str(shown.headers)
    page = await owner.get("/api/keys", params={"limit": 1})
    assert digest not in page.text
    for text in (digest, PREFIX + digest, digest.upper(), listed[0]["id"]):
        assert await status(platform, {"authorization": f"Bearer {text}"}) == 401
        assert await status(platform, {"cookie": f"{SESSION_COOKIE}={text}"}) == 401


async def test_a_key_comes_by_one_way_only(platform: Platform) -> None:
    """CVE-2026-45339 (Open WebUI): a second header for keys skipped the check of their scopes."""
    key = await made(platform)
    assert await status(platform, {"authorization": f"Bearer {key}"}) == 200
    for headers in (
        {"x-api-key": key},
        {"api-key": key},
        {"x-goog-api-key": key},
        {"authorization": key},
        {"authorization": f"Basic {key}"},
        {"authorization": f"Token {key}"},
        {"proxy-authorization": f"Bearer {key}"},
        {"cookie": f"{SESSION_COOKIE}={key}"},
        {"cookie": f"authorization=Bearer {key}"},
        {"x-csrf-token": key},
    ):
        assert await status(platform, headers) == 401, headers
    for query in ("key", "api_key", "access_token", "token"):
        assert await status(platform, {}, f"/api/keys?{query}={key}") == 401


@pytest.mark.parametrize("scope", Scope)
async def test_each_way_in_is_held_to_its_scopes(platform: Platform, scope: Scope) -> None:
    """CVE-2026-45339 (Open WebUI): whichever way a key comes, its scope decides."""
    client = await platform.key([scope])
    cookie = (await platform.member(await platform.world.join(Role.viewer))).headers["cookie"]
    expected = 200 if scope == Scope.admin else 403
    for headers in ({}, {"cookie": cookie}, {"x-api-key": await made(platform)}):
        assert (await client.get("/api/keys", headers=headers)).status_code == expected
    assert (await client.get("/api/session")).status_code == 403, "no key is a person"


async def test_a_key_without_a_workspace_is_nobodys(platform: Platform) -> None:
    """GHSA-jxx9-px88-pj69 (n8n-MCP): who named no tenant got the operator's rights."""
    key = await made(platform)
    characters = workspace_characters(platform.world.workspace)
    for stem in (
        PREFIX + key[len(PREFIX) + 12 : -6],
        PREFIX + "0" * 12 + key[len(PREFIX) + 12 : -6],
        PREFIX + characters.swapcase() + key[len(PREFIX) + 12 : -6],
    ):
        assert await status(platform, {"authorization": f"Bearer {stem + checksum(stem)}"}) == 401
    for header in ("x-tenant", "x-workspace", "x-org-id"):
        assert await status(platform, {header: platform.world.workspace}) == 401


@pytest.mark.parametrize("way", ["suspended", "removed", "demoted"])
async def test_the_key_of_who_was_shut_out_is_dead_within_seconds(platform: Platform, way: str) -> None:
    """CVE-2026-32717 (AnythingLLM): a suspended user's API keys went on working."""
    world = platform.world
    person = await world.join(Role.admin)
    client = await platform.key([Scope.admin], by=person)
    assert (await client.get("/api/keys")).status_code == 200
    if way == "removed":
        await remove_member(world.store, world.owner, person.id, if_match="*")
    else:
        change = MemberChange(suspended=True) if way == "suspended" else MemberChange(role=Role.guest)
        await change_member(world.store, world.owner, person.id, change, if_match="*")
    world.clock.now += CACHED_S
    assert CACHED_S <= 5
    assert (await client.get("/api/keys")).status_code == 401
