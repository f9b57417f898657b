import asyncio
import unicodedata

import pytest
from argon2 import PasswordHasher

from promptstudio.access import passwords
from promptstudio.platform_errors import PlatformError

GOOD = "correct horse battery"


async def test_a_password_matches_its_hash_and_no_other() -> None:
    kept = await passwords.hash_password(GOOD)
    assert kept.startswith("$argon2id$")
    assert GOOD not in kept
    assert await passwords.verify_password(kept, GOOD)
    assert not await passwords.verify_password(kept, GOOD + " ")
    assert not await passwords.verify_password(kept, "")
    assert not await passwords.verify_password(kept, kept)


async def test_one_password_has_many_hashes() -> None:
    assert await passwords.hash_password(GOOD) != await passwords.hash_password(GOOD)


async def test_a_password_may_be_composed_by_any_keyboard() -> None:
    text = "Käsefüße für alle"
    kept = await passwords.hash_password(unicodedata.normalize("NFD", text))
    assert await passwords.verify_password(kept, unicodedata.normalize("NFC", text))


async def test_who_has_no_password_is_let_in_by_none() -> None:
    for text in ("", GOOD, "None"):
        assert not await passwords.verify_password(None, text)


async def test_without_a_hash_a_password_is_checked_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    def matches(kept: str, text: str) -> bool:
        checked.append(kept)
        return True

    monkeypatch.setattr(passwords, "_matches", matches)
    assert not await passwords.verify_password(None, GOOD)
    assert checked[0].startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("length", [passwords.SHORTEST, passwords.LONGEST])
def test_a_password_may_be_short_or_long(length: int) -> None:
    passwords.require_password("ü" * length)
    passwords.require_password("u\N{COMBINING DIAERESIS}" * length)


@pytest.mark.parametrize("length", [0, passwords.SHORTEST - 1, passwords.LONGEST + 1])
async def test_one_that_is_too_short_or_too_long_is_refused(length: int) -> None:
    with pytest.raises(PlatformError, match="not as it should be") as caught:
        passwords.require_password("ü" * length, "/new")
    assert str(caught.value.errors[0]) == "/new: has 12 to 256 characters"
    assert not await passwords.verify_password(None, "ü" * length)


async def test_a_hash_by_other_parameters_is_to_be_renewed() -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)
    assert passwords.needs_rehash(weak)
    assert not passwords.needs_rehash(await passwords.hash_password(GOOD))


async def test_hashing_leaves_the_event_loop_free() -> None:
    hashing = asyncio.create_task(passwords.hash_password(GOOD))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10
