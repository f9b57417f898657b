"""Sealing with keys in memory: what opens, what does not, and how keys are replaced."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from promptstudio.platform_errors import PlatformError
from promptstudio.sealing import Context, LocalKey, Sealer, derived_secret
from promptstudio.storage.port import ABSENT, Put
from promptstudio.storage.sqlite import SqliteStore

SECRET = SecretStr("sk-secret-4711")
CONTEXT = Context("ws_a", "provider:openai", "https://api.openai.com:443")
OLD, NEW = LocalKey(b"o" * 32), LocalKey(b"n" * 32)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "store.db")
    yield store
    await store.close()


async def test_what_is_sealed_opens_in_its_context() -> None:
    for text in ("", "sk-secret", "é漢\U0001f600", "x" * 100_000):
        sealed = await Sealer(NEW).seal(SecretStr(text), CONTEXT)
        assert (await Sealer(NEW).open(sealed, CONTEXT)).get_secret_value() == text
        assert sealed.startswith(f"v1.{NEW.id}.")
        assert sealed.isascii()


async def test_each_sealing_has_a_data_key_and_nonces_of_its_own() -> None:
    texts = [await Sealer(NEW).seal(SECRET, CONTEXT) for _ in range(100)]
    for part in (2, 3):
        assert len({text.split(".")[part] for text in texts}) == 100


async def test_an_older_key_opens_and_the_current_one_seals() -> None:
    sealed = await Sealer(OLD).seal(SECRET, CONTEXT)
    rotated = Sealer(NEW, (OLD,))
    assert await rotated.open(sealed, CONTEXT) == SECRET
    renewed = await rotated.renew(sealed, CONTEXT)
    assert await Sealer(NEW).open(renewed, CONTEXT) == SECRET
    assert await rotated.renew(renewed, CONTEXT) == renewed


async def test_a_key_that_is_gone_opens_nothing() -> None:
    sealed = await Sealer(OLD).seal(SECRET, CONTEXT)
    with pytest.raises(PlatformError) as refused:
        await Sealer(NEW).open(sealed, CONTEXT)
    assert (refused.value.problem, refused.value.status) == ("seal_invalid", 500)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_none(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        LocalKey(b"x" * length)


def test_ids_tell_keys_apart_and_nothing_else() -> None:
    assert OLD.id != NEW.id
    assert LocalKey(b"o" * 32).id == OLD.id
    assert len(OLD.id) == 16


async def test_a_derived_secret_is_made_once_for_everybody(store: SqliteStore) -> None:
    made = await asyncio.gather(*(derived_secret(store, Sealer(NEW), "sessions") for _ in range(20)))
    assert len(set(made)) == 1
    assert len(made[0]) == 32
    assert await derived_secret(store, Sealer(NEW), "links") != made[0]


async def test_a_derived_secret_survives_the_change_of_the_key(store: SqliteStore) -> None:
    secret = await derived_secret(store, Sealer(OLD), "sessions")
    assert await derived_secret(store, Sealer(NEW, (OLD,)), "sessions") == secret
    assert await derived_secret(store, Sealer(NEW), "sessions") == secret


async def test_a_derived_secret_that_cannot_be_opened_is_not_replaced(store: SqliteStore) -> None:
    await derived_secret(store, Sealer(OLD), "sessions")
    with pytest.raises(PlatformError) as refused:
        await derived_secret(store, Sealer(NEW), "sessions")
    assert refused.value.problem == "sealing_key_other"
    item = await store.get("sys#secrets", "sessions")
    assert item is not None
    assert item.version == 1


async def test_a_derived_secret_is_no_other_ones(store: SqliteStore) -> None:
    await derived_secret(store, Sealer(NEW), "sessions")
    item = await store.get("sys#secrets", "sessions")
    assert item is not None
    await store.transact([Put("sys#secrets", "links", item.data, ABSENT)])
    with pytest.raises(PlatformError) as refused:
        await derived_secret(store, Sealer(NEW), "links")
    assert refused.value.problem == "sealing_key_other"
