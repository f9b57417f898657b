"""Providers' keys go where they were entrusted for, and nowhere else, whoever asks and whatever is edited."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from promptstudio.access.principal import Principal, Role
from promptstudio.outbound import Guard
from promptstudio.platform_errors import PlatformError
from promptstudio.providers.base import Provider, ProviderRequest
from promptstudio.providers.workspace_transport import WorkspaceTransport
from promptstudio.storage.port import Put
from promptstudio.values import Json
from promptstudio.workspaces.provider_changes import ProviderChange, put_provider
from promptstudio.workspaces.provider_probe import probe_provider
from promptstudio.workspaces.providers import key_for, load_providers, providers_key
from promptstudio_functions.api import create_app
from tests.functions.platform import Platform
from tests.people import workspace_in
from tests.security.test_outbound import FORMS, HOSTS
from tests.unit.providers.upstream import Upstream, answer, upstream

SECRET = "sk-secret-0123456789"
REQUEST = ProviderRequest("/responses", {}, b"{}")
ROUTE = "/api/providers/acme"


@pytest.fixture
async def canary() -> AsyncIterator[Upstream]:
    """A host of an attacker's, on this machine, where the guard would let calls go."""
    async with upstream(answer(200, b"{}")) as host:
        yield host


async def declare(owner: httpx2.AsyncClient, base_url: str, **more: Json) -> str:
    """The ETag of a provider with a key."""
    body = {"type": "openai", "base_url": base_url, "secret": SECRET, **more}
    response = await owner.put(ROUTE, json=body)
    assert response.status_code == 201
    return response.headers["etag"]


def transport_of(platform: Platform, workspace: str) -> WorkspaceTransport:
    services = platform.services
    return WorkspaceTransport(
        services.connections, partial(key_for, services.store, services.sealer, workspace)
    )


async def dispatch(platform: Platform, name: str = "acme", workspace: str = "") -> bytes:
    """What a run does: take the workspace's provider as it stands, and ask it."""
    workspace = workspace or platform.world.workspace
    provider = (await load_providers(platform.services.store, workspace))[name]
    return await transport_of(platform, workspace).send(provider, REQUEST)


async def edit(platform: Platform, members: dict[str, Any], name: str = "acme", workspace: str = "") -> None:
    """Change or copy the stored record behind the API's back."""
    store, pk = platform.services.store, providers_key(platform.world.workspace)
    item = await store.get(pk, "acme")
    assert item is not None
    row: dict[str, Any] = {**item.data, "name": name, **members}
    if "credential" in members:
        row["credential"] = {**item.data["credential"], **members["credential"]}  # type: ignore[dict-item]
    await store.transact([Put(providers_key(workspace or platform.world.workspace), name, row)])


async def test_a_stored_key_follows_no_edit_of_the_store(
    platform: Platform, owner: httpx2.AsyncClient, canary: Upstream
) -> None:
    """CVE-2024-6587 LiteLLM: the caller's `api_base` receives the stored key; the canary host sees none."""
    await declare(owner, "https://api.acme.example/v1")
    bound = canary.url.removesuffix("/v1")
    for members in ({}, {"credential": {"host": bound}}, {"type": "anthropic"}):
        await edit(platform, {"base_url": canary.url, **members})
        with pytest.raises(PlatformError) as refused:
            await dispatch(platform)
        assert refused.value.problem == "provider_key_unusable"
        tested = await owner.post(ROUTE + "/test")
        assert tested.json() == {"ok": False, "status": None, "detail": refused.value.detail}
    assert canary.connections == 0


async def test_a_stored_key_follows_no_copy_to_another_name_or_workspace(
    platform: Platform, owner: httpx2.AsyncClient, canary: Upstream
) -> None:
    """security.md (b), stored keys: cross-tenant ciphertext swap, through the whole of the platform."""
    await declare(owner, canary.url)
    other = await workspace_in(platform.world.store, platform.world.clock)
    for name, workspace in (("copy", ""), ("acme", other.workspace), ("copy", other.workspace)):
        await edit(platform, {}, name, workspace)
        with pytest.raises(PlatformError) as refused:
            await dispatch(platform, name, workspace)
        assert refused.value.problem == "provider_key_unusable"
    assert canary.connections == 0
    assert await dispatch(platform) == b"{}"


async def test_a_run_that_names_its_own_address_brings_no_key_there(
    platform: Platform, owner: httpx2.AsyncClient, canary: Upstream
) -> None:
    """CVE-2024-6587 LiteLLM: a provider made up for one call meets no stored key, only the error."""
    await declare(owner, "https://api.acme.example/v1")
    transport = transport_of(platform, platform.world.workspace)
    for name in ("acme", "openai"):
        with pytest.raises(PlatformError) as refused:
            await transport.send(Provider(name, "openai", canary.url), REQUEST)
        assert refused.value.problem in ("provider_key_unusable", "provider_key_absent")
    assert canary.connections == 0


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "https://evil.example/v1"},
        {"base_url": "https://api.acme.example.evil.example/v1"},
        {"base_url": "https://sub.api.acme.example/v1"},
        {"base_url": "https://api.acme.example./v1"},
        {"base_url": "https://api.acme.example:8443/v1"},
        {"base_url": "http://api.acme.example/v1"},
        {"base_url": "http://api.acme.example:443/v1"},
        {"type": "anthropic"},
        {"type": "openai-chat"},
    ],
)
async def test_another_host_demands_the_key_again(owner: httpx2.AsyncClient, change: dict[str, Json]) -> None:
    """CVE-2026-41487 Langfuse: the base URL is edited, the secret is kept."""
    etag = await declare(owner, "https://api.acme.example/v1")
    refused = await owner.put(ROUTE, json=change, headers={"if-match": etag})
    assert refused.status_code == 400
    assert "send it again as the secret" in refused.json()["detail"]
    kept = await owner.get(ROUTE)
    assert (kept.json()["base_url"], kept.headers["etag"]) == ("https://api.acme.example/v1", etag)
    moved = await owner.put(ROUTE, json={**change, "secret": SECRET + "-2"}, headers={"if-match": etag})
    assert moved.status_code == 200
    assert moved.json()["key"]["hint"] == "89-2"


async def test_the_same_origin_in_another_spelling_or_path_keeps_the_key(owner: httpx2.AsyncClient) -> None:
    """CVE-2026-41487 Langfuse: what demands the key is where it would go, not how that is written."""
    etag = await declare(owner, "https://api.acme.example/v1")
    for url in (
        "https://API.acme.example:443/v2/",
        "https://api.acme.example",
        "HTTPS://api.acme.example/v1",
    ):
        changed = await owner.put(ROUTE, json={"base_url": url}, headers={"if-match": etag})
        assert changed.json()["key"]["host"] == "https://api.acme.example:443"
        etag = changed.headers["etag"]


async def test_after_a_move_only_the_new_key_goes_to_the_new_host(
    platform: Platform, owner: httpx2.AsyncClient, canary: Upstream
) -> None:
    """CVE-2026-41487 Langfuse: whoever moves a provider learns nothing of its old key."""
    etag = await declare(owner, "https://api.acme.example/v1")
    body = {"base_url": canary.url, "secret": "sk-of-the-one-who-moved-it"}
    assert (await owner.put(ROUTE, json=body, headers={"if-match": etag})).status_code == 200
    await dispatch(platform)
    assert [headers["authorization"] for _, headers, _ in canary.requests] == [
        "Bearer sk-of-the-one-who-moved-it"
    ]


@pytest.mark.parametrize("url", [*(f"https://{host}/v1" for host in HOSTS), *FORMS])
async def test_the_guard_stands_before_every_save(platform: Platform, url: str) -> None:
    """CVE-2024-9710, CVE-2025-1521 PostHog: the test is validated, saving and changing are not."""
    for name, if_match in (("acme", None), ("declared", "*")):
        await save(platform, "declared", "https://api.acme.example/v1", Guard(), if_match)
        with pytest.raises(PlatformError) as refused:
            await save(platform, name, url, Guard(), if_match)
        assert refused.value.problem == ("fields_invalid" if "?" in url else "url_refused")
    rows = await load_providers(platform.services.store, platform.world.workspace)
    assert "acme" not in rows
    assert rows["declared"].base_url == "https://api.acme.example/v1"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://10.0.0.1/v1",
            "https://169.254.169.254/v1",
            "https://[::1]/v1",
            "ftp://api.acme.example/v1",
        ),
        *("https://api.acme.example:25/v1", "https://a:b@api.acme.example/v1", "https://127.1/v1"),
    ],
)
async def test_the_guard_stands_before_the_test_and_every_dispatch(platform: Platform, url: str) -> None:
    """CVE-2024-9710, CVE-2025-1521 PostHog: what was saved before is judged again at each use."""
    await save(platform, "acme", "https://api.acme.example/v1", Guard(), None)
    await edit(platform, {"base_url": url})
    with pytest.raises(PlatformError) as refused:
        await dispatch(platform)
    assert (refused.value.problem, refused.value.status) == ("provider_refused", 502)
    services = platform.services
    tested = await probe_provider(
        services.store, services.sealer, services.connections, platform.world.owner, "acme"
    )
    assert (tested.ok, tested.status, tested.detail) == (False, None, refused.value.detail)


async def save(platform: Platform, name: str, url: str, guard: Guard, if_match: str | None) -> None:
    """Declare a provider without a key; an `if_match` of * makes it first where it is missing."""
    services, by = platform.services, platform.world.owner
    found = name in await load_providers(services.store, by.workspace)
    change = ProviderChange.model_construct(type="openai", base_url=url)  # as if its own bounds were not
    await put_provider(
        services.store, services.sealer, guard, by, name, change, if_match=if_match if found else None, now=0
    )


def test_every_url_that_a_body_can_set_is_known_here(platform: Platform) -> None:
    """CVE-2025-66405, CVE-2026-82270 Portkey: a sibling route skips the validator.

    A new member that holds a URL fails here until its route is held against the corpus too.
    """
    description = create_app(platform.services).openapi()
    found = {
        (method, path, member)
        for path, methods in description["paths"].items()
        for method, route in methods.items()
        for body in route.get("requestBody", {}).get("content", {}).values()
        for member in described(description, body["schema"])
        if "url" in member or "host" in member
    }
    assert found == {("put", "/api/providers/{name}", "base_url")}


def described(description: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """The members of a body."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return list(description["components"]["schemas"].get(name, schema).get("properties", {}))


async def test_interleaved_workspaces_each_send_their_own_key(platform: Platform) -> None:
    """IBM bulletin 7278209 Langflow: a singleton keeps the first tenant's key.

    Twenty workspaces share connections, a host and a provider's name, and run all at once, while keys
    change; what the provider receives is always the key of the workspace whose body it received.
    """
    async with upstream(answer(200, b"{}")) as host:
        owners = [await workspace_in(platform.world.store, platform.world.clock) for _ in range(20)]
        for round_ in range(3):
            for owner in owners:
                await entrust(platform, owner, host.url, f"sk-{owner.workspace}-{round_}")
            await asyncio.gather(*(run_as(platform, owner) for owner in owners * 10))
            for _, headers, body in host.requests:
                assert headers["authorization"] == f"Bearer sk-{body.decode()}-{round_}"
            assert len(host.requests) == 200
            host.requests.clear()


async def entrust(platform: Platform, owner: Principal, url: str, secret: str) -> None:
    services = platform.services
    change = ProviderChange(type="openai", base_url=url, secret=SecretStr(secret))
    declared = "acme" in await load_providers(services.store, owner.workspace)
    await put_provider(
        services.store,
        services.sealer,
        services.guard,
        owner,
        "acme",
        change,
        if_match="*" if declared else None,
        now=0,
    )


async def run_as(platform: Platform, owner: Principal) -> None:
    provider = (await load_providers(platform.services.store, owner.workspace))["acme"]
    request = replace(REQUEST, body=owner.workspace.encode())
    transport = transport_of(platform, owner.workspace)
    await transport.send(provider, request)


async def test_a_workspace_without_a_key_is_not_helped_out(
    platform: Platform, canary: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GHSA-jxx9-px88-pj69 n8n-MCP: where the tenant brings no credentials, the operator's are used."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-operator")
    other = await workspace_in(platform.world.store, platform.world.clock)
    await entrust(platform, platform.world.owner, canary.url, SECRET)
    for name in ("acme", "openai"):
        provider = Provider(name, "openai", canary.url, "OPENAI_API_KEY")
        with pytest.raises(PlatformError) as refused:
            await transport_of(platform, other.workspace).send(provider, REQUEST)
        assert refused.value.problem == "provider_key_absent"
    assert canary.connections == 0


async def test_headers_hold_no_credentials_and_redirect_no_request(owner: httpx2.AsyncClient) -> None:
    """CVE-2025-66405 Portkey: a header names another host; a key in a header is kept in clear."""
    etag = await declare(owner, "https://api.acme.example/v1")
    for name in ("Host", "Authorization", "x-api-key", "Transfer-Encoding", "Cookie", "X-Forwarded-Token"):
        refused = await owner.put(ROUTE, json={"headers": {name: "evil.example"}}, headers={"if-match": etag})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["pointer"] == f"/headers/{name}"


async def test_only_admins_change_or_use_keys_and_others_see_no_hint(
    platform: Platform, owner: httpx2.AsyncClient
) -> None:
    """CVE-2026-35029 LiteLLM: an admin route authenticates and checks no role."""
    etag = await declare(owner, "https://api.acme.example/v1")
    for role in (Role.viewer, Role.editor):
        async with await platform.member(await platform.world.join(role)) as member:
            for call in (
                member.put(ROUTE, json={"secret": "sk"}, headers={"if-match": etag}),
                member.delete(ROUTE, headers={"if-match": etag}),
                member.post(ROUTE + "/test"),
            ):
                assert (await call).status_code == 403
            shown = await member.get(ROUTE)
            assert shown.json() == {"name": "acme", "type": "openai", "built_in": False, "has_key": True}
            assert SECRET[-4:] not in (await member.get("/api/providers")).text
