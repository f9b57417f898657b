"""A workspace's providers: declared, changed, listed, forgotten, and their keys kept for them alone."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.errors import FieldError
from promptstudio.outbound import Guard
from promptstudio.platform_errors import PlatformError
from promptstudio.providers.base import Provider
from promptstudio.providers.catalog import PROVIDERS
from promptstudio.sealing import LocalKey, Sealer
from promptstudio.storage.port import Store
from promptstudio.storage.records import Stored
from promptstudio.storage.sqlite import SqliteStore
from promptstudio.values import Json
from promptstudio.workspaces import provider_changes
from promptstudio.workspaces.provider_answers import get_provider, list_providers
from promptstudio.workspaces.provider_changes import ProviderChange, delete_provider, put_provider
from promptstudio.workspaces.providers import WorkspaceProvider, find_provider, key_for, load_providers

NOW = 1_800_000_000.0
SEALER = Sealer(LocalKey(b"k" * 32))
ADMIN = Principal("ws_a", "acc_1", "Ada", role=Role.admin)
VIEWER = replace(ADMIN, role=Role.viewer)
SECRET = "sk-proj-0123456789abcdef"
ACME: dict[str, Json] = {"type": "openai-chat", "base_url": "https://api.acme.example/v1/"}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = SqliteStore(tmp_path / "store.db", now=lambda: NOW)
    yield store
    await store.close()


async def put(
    store: Store, name: str, change: dict[str, Json], if_match: str | None = None, sealer: Sealer = SEALER
) -> Stored[WorkspaceProvider]:
    body = ProviderChange.model_validate(change)
    return await put_provider(store, sealer, Guard(), ADMIN, name, body, if_match=if_match, now=NOW)


async def problem(
    store: Store, name: str, change: dict[str, Json], if_match: str | None = None
) -> PlatformError:
    with pytest.raises(PlatformError) as refused:
        await put(store, name, change, if_match)
    return refused.value


async def key_of(store: Store, provider: Provider, sealer: Sealer = SEALER) -> SecretStr | None:
    return await key_for(store, sealer, "ws_a", provider)


async def test_a_declared_provider_is_there_with_its_key(store: Store) -> None:
    made = await put(store, "acme", {**ACME, "headers": {"X-Team": "a"}, "timeout_s": 60, "secret": SECRET})
    assert made.value == (await find_provider(store, "ws_a", "acme") or made).value
    assert made.value.credential is not None
    assert (made.value.credential.host, made.value.credential.hint) == (
        "https://api.acme.example:443",
        "cdef",
    )
    assert (made.value.credential.set_at, made.value.credential.set_by) == ("2027-01-15T08:00:00.000Z", "Ada")
    loaded = await load_providers(store, "ws_a")
    assert {provider.api_key_env for provider in loaded.values()} == {None}
    acme = loaded["acme"]
    assert acme == Provider("acme", "openai-chat", "https://api.acme.example/v1", None, {"X-Team": "a"}, 60)
    assert await key_of(store, acme) == SecretStr(SECRET)


async def test_a_built_in_provider_takes_a_key_without_being_declared(store: Store) -> None:
    made = await put(store, "anthropic", {"secret": SECRET})
    assert (made.value.type, made.value.base_url) == ("anthropic", "https://api.anthropic.com/v1")
    assert await key_of(store, PROVIDERS["anthropic"]) == SecretStr(SECRET)


async def test_what_a_change_leaves_out_stays(store: Store) -> None:
    made = await put(store, "acme", {**ACME, "headers": {"X-Team": "a"}, "secret": SECRET})
    changed = await put(store, "acme", {"timeout_s": 5}, made.etag)
    kept = made.value.model_copy(update={"timeout_s": 5.0})
    assert changed.value == kept
    moved = await put(store, "acme", {"base_url": "https://api.acme.example/v2"}, changed.etag)
    assert moved.value.credential == made.value.credential
    assert await key_of(store, moved.value.as_provider()) == SecretStr(SECRET)


async def test_every_change_names_what_it_saw(store: Store) -> None:
    made = await put(store, "acme", ACME)
    assert (await problem(store, "acme", {"timeout_s": 5})).problem == "if_match_missing"
    await put(store, "acme", {"timeout_s": 5}, made.etag)
    assert (await problem(store, "acme", {"timeout_s": 6}, made.etag)).problem == "stale"
    assert (await problem(store, "other", ACME, "*")).problem == "stale"
    for if_match, expected in ((None, "if_match_missing"), (made.etag, "stale")):
        with pytest.raises(PlatformError) as refused:
            await delete_provider(store, ADMIN, "acme", if_match=if_match)
        assert refused.value.problem == expected


async def test_a_forgotten_provider_is_gone_and_a_built_in_one_as_it_was(store: Store) -> None:
    changes: dict[str, dict[str, Json]] = {"acme": {**ACME, "secret": SECRET}, "openai": {"secret": SECRET}}
    for name, change in changes.items():
        made = await put(store, name, change)
        await delete_provider(store, ADMIN, name, if_match=made.etag)
        with pytest.raises(PlatformError) as gone:
            await delete_provider(store, ADMIN, name, if_match=made.etag)
        assert gone.value.problem == "not_found"
        again = await put(store, name, change)
        assert again.etag != made.etag
    assert set(await load_providers(store, "ws_a")) == {*PROVIDERS, "acme"}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({}, "/base_url"),
        ({"type": "openai"}, "/base_url"),
        ({"base_url": "https://acme.example"}, "/type"),
        ({**ACME, "base_url": "https://acme.example/v1?key=x"}, "/base_url"),
        *(
            ({**ACME, "headers": {name: "a"}}, f"/headers/{name.replace('/', '~1')}")
            for name in (
                *("Host", "Content-Length", "Transfer-Encoding", "Connection", "TE", "Upgrade", "Expect"),
                *("Accept-Encoding", "Proxy-Connection", "Authorization", "Proxy-Authorization", "Cookie"),
                *(
                    "X-API-Key",
                    "api-key",
                    "apikey",
                    "X-Auth-Token",
                    "X-Secret",
                    "X-Password",
                    "x/y",
                    "x y",
                    "",
                ),
            )
        ),
        *(
            ({**ACME, "headers": {"X-A": value}}, "/headers/X-A")
            for value in ("a\r\nHost: b", "é", "\0", "x" * 1000)
        ),
        *(
            ({**ACME, "headers": {"X-A": value}}, "/headers/X-A")
            for value in ("Bearer x", "basic eA==", "sk-abc")
        ),
        *(({**ACME, "secret": text}, "/secret") for text in ("", " ", "a b", "a\r\nx: y", "é", "x" * 4097)),
    ],
)
async def test_what_cannot_be_is_refused_where_it_stands(
    store: Store, change: dict[str, Json], pointer: str
) -> None:
    error = await problem(store, "acme", change)
    assert (error.problem, error.status) == ("fields_invalid", 400)
    assert error.errors[0].pointer == pointer
    assert await find_provider(store, "ws_a", "acme") is None


async def test_all_that_is_wrong_is_told_at_once_without_the_secret(store: Store) -> None:
    error = await problem(
        store, "acme", {**ACME, "headers": {"Host": "a", "Cookie": "b"}, "secret": "sk canary"}
    )
    assert [row.pointer for row in error.errors] == ["/headers/Cookie", "/headers/Host", "/secret"]
    assert "canary" not in repr(error.errors)


async def test_echo_stays_as_it_is(store: Store) -> None:
    error = await problem(store, "echo", ACME)
    assert error.errors == (FieldError("/path/name", "is the name of a provider that cannot be changed"),)


async def test_a_workspace_has_only_so_many_providers(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_changes, "PROVIDERS_MAX", 2)
    for name in ("a", "b"):
        made = await put(store, name, ACME)
    assert (await problem(store, "c", ACME)).problem == "providers_full"
    await put(store, "b", {"timeout_s": 5}, made.etag)


async def test_a_short_key_has_no_hint(store: Store) -> None:
    made = await put(store, "acme", {**ACME, "secret": "tiny-key"})
    assert made.value.credential is not None
    assert made.value.credential.hint == ""


async def test_who_needs_no_key_has_none_and_who_needs_one_is_told(store: Store) -> None:
    keyless = (await put(store, "acme", ACME)).value.as_provider()
    await put(store, "groq", {"timeout_s": 5})
    assert await key_of(store, keyless) is None
    for provider in (PROVIDERS["openai"], PROVIDERS["groq"], replace(keyless, name="forgotten")):
        with pytest.raises(PlatformError) as missing:
            await key_of(store, provider)
        assert (missing.value.problem, missing.value.status) == ("provider_key_absent", 502)


async def test_a_new_sealing_key_takes_over_at_the_next_change(store: Store) -> None:
    new = LocalKey(b"n" * 32)
    made = await put(store, "acme", {**ACME, "secret": SECRET})
    changed = await put(store, "acme", {"timeout_s": 5}, made.etag, Sealer(new, (SEALER.current,)))
    assert await key_of(store, changed.value.as_provider(), Sealer(new)) == SecretStr(SECRET)


async def test_a_key_whose_sealing_key_is_lost_has_to_come_again(store: Store) -> None:
    made = await put(store, "acme", {**ACME, "secret": SECRET})
    other = Sealer(LocalKey(b"n" * 32))
    with pytest.raises(PlatformError) as unusable:
        await key_of(store, made.value.as_provider(), other)
    assert (unusable.value.problem, unusable.value.status) == ("provider_key_unusable", 502)
    with pytest.raises(PlatformError) as needed:
        await put(store, "acme", {"timeout_s": 5}, made.etag, other)
    assert needed.value.problem == "secret_needed"


async def test_answers_tell_admins_how_and_others_only_that(store: Store) -> None:
    made = await put(store, "acme", {**ACME, "secret": SECRET})
    shown, etag = await get_provider(store, ADMIN, "acme")
    assert etag == made.etag
    assert shown.model_dump() == {
        "name": "acme",
        "type": "openai-chat",
        "built_in": False,
        "has_key": True,
        "base_url": "https://api.acme.example/v1",
        "headers": {},
        "timeout_s": 300.0,
        "key": {
            "host": "https://api.acme.example:443",
            "hint": "cdef",
            "set_at": "2027-01-15T08:00:00.000Z",
            "set_by": "Ada",
        },
    }
    few = {"name": "acme", "type": "openai-chat", "built_in": False, "has_key": True}
    reader = Principal("ws_a", "key_1", "ci", scopes=frozenset({Scope.read}))
    for by in (VIEWER, replace(ADMIN, role=Role.editor), reader):
        assert (await get_provider(store, by, "acme"))[0].model_dump() == few
    manager = replace(reader, scopes=frozenset({Scope.admin}))
    assert (await get_provider(store, manager, "acme"))[0] == shown


async def test_a_built_in_provider_is_answered_before_it_is_declared(store: Store) -> None:
    shown, etag = await get_provider(store, ADMIN, "openai")
    assert (shown.built_in, shown.has_key, shown.base_url, etag) == (
        True,
        False,
        "https://api.openai.com/v1",
        None,
    )
    for name in ("echo", "unknown"):
        with pytest.raises(PlatformError) as missing:
            await get_provider(store, ADMIN, name)
        assert missing.value.problem == "not_found"


async def test_the_list_holds_both_kinds_and_goes_page_by_page(store: Store) -> None:
    for name in ("zeta", "acme", "openai"):
        await put(store, name, ACME)
    names: list[str] = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor is not None:
        page = await list_providers(store, VIEWER, cursor=cursor, limit=2)
        names += [row.name for row in page.items]
        cursor, pages = page.next_cursor, pages + 1
    assert names == ["acme", "anthropic", "groq", "openai", "zeta"]
    assert pages == 3


async def test_another_workspace_sees_nothing_of_it(store: Store) -> None:
    await put(store, "acme", {**ACME, "secret": SECRET})
    stranger = replace(ADMIN, workspace="ws_b")
    assert [row.name for row in (await list_providers(store, stranger)).items] == [
        "anthropic",
        "groq",
        "openai",
    ]
    assert "acme" not in await load_providers(store, "ws_b")
    for call in (
        get_provider(store, stranger, "acme"),
        delete_provider(store, stranger, "acme", if_match="*"),
    ):
        with pytest.raises(PlatformError) as missing:
            await call
        assert missing.value.problem == "not_found"
