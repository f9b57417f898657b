import pytest
from argon2 import PasswordHasher

from promptstudio.access.accounts import (
    Account,
    account_key,
    account_puts,
    authenticate,
    change_password,
    end_sessions,
    find_account,
    find_by_email,
    new_account,
    normal_email,
    read_epoch,
)
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import Conflict, Put
from promptstudio.storage.records import data
from tests.people import World, account_in

GOOD = "correct horse battery"


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("Ada@Example.com", "ada@example.com"),
        ("  ada@example.com ", "ada@example.com"),
        ("a\N{COMBINING DIAERESIS}da@example.com", "äda@example.com"),
        ("owner@localhost", "owner@localhost"),
    ],
)
def test_addresses_that_are_the_same_have_one_form(text: str, email: str) -> None:
    assert normal_email(text) == email


@pytest.mark.parametrize(
    "text", ["", "ada", "@", "a@", "@b", "a b@c", "a@b@c", "a\0@b", "a@b\n@c", "x" * 65 + "@b"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(PlatformError) as caught:
        normal_email(text)
    assert caught.value.problem == "fields_invalid"


async def test_an_address_has_one_account(world: World) -> None:
    await world.store.transact(account_puts(await new_account("ada@example.com", "Ada", None, 0)))
    with pytest.raises(Conflict) as caught:
        await world.store.transact(account_puts(await new_account("ADA@example.com", "Eve", None, 0)))
    assert caught.value.index == 0
    found = await find_by_email(world.store, " Ada@Example.com")
    assert found is not None
    assert found.value.name == "Ada"


async def test_an_account_is_shown_without_its_hash(world: World) -> None:
    account, epoch = await authenticate(
        world.store, (await account_in(world.store, world.clock, GOOD)).email, GOOD
    )
    assert type(account) is Account
    assert "password_hash" not in account.model_dump()
    assert epoch == 0


async def test_a_wrong_password_and_an_unknown_address_are_told_alike(world: World) -> None:
    known = await account_in(world.store, world.clock, GOOD)
    without = await account_in(world.store, world.clock)
    told = set()
    for email, password in [
        (known.email, GOOD + "!"),
        ("nobody@example.com", GOOD),
        (without.email, ""),
        (without.email, GOOD),
    ]:
        with pytest.raises(PlatformError) as caught:
            await authenticate(world.store, email, password)
        told.add((caught.value.problem, caught.value.detail))
    assert len(told) == 1


async def test_a_hash_by_old_parameters_is_renewed_at_the_next_sign_in(world: World) -> None:
    account = await account_in(world.store, world.clock)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)
    old = account.model_copy(update={"password_hash": weak})
    await world.store.transact([Put(account_key(account.id), "account", data(old))])
    await authenticate(world.store, account.email, GOOD)
    found = await find_account(world.store, account.id)
    assert found is not None
    assert found.value.password_hash != weak
    await authenticate(world.store, account.email, GOOD)


async def test_a_password_is_changed_by_who_knows_it(world: World) -> None:
    account = await account_in(world.store, world.clock, GOOD)
    with pytest.raises(PlatformError) as caught:
        await change_password(world.store, account.id, GOOD + "!", "another good one")
    assert caught.value.problem == "password_wrong"
    assert await change_password(world.store, account.id, GOOD, "another good one") == 1
    with pytest.raises(PlatformError):
        await authenticate(world.store, account.email, GOOD)
    await authenticate(world.store, account.email, "another good one")


async def test_an_account_without_a_password_can_be_given_one(world: World) -> None:
    account = await account_in(world.store, world.clock)
    await change_password(world.store, account.id, "", GOOD)
    await authenticate(world.store, account.email, GOOD)


async def test_a_bad_new_password_changes_nothing(world: World) -> None:
    account = await account_in(world.store, world.clock, GOOD)
    with pytest.raises(PlatformError) as caught:
        await change_password(world.store, account.id, GOOD, "short")
    assert caught.value.errors[0].pointer == "/new"
    assert await read_epoch(world.store, account.id) == 0
    await authenticate(world.store, account.email, GOOD)


async def test_the_epoch_counts_how_often_sessions_were_ended(world: World) -> None:
    account = await account_in(world.store, world.clock)
    for expected in (1, 2):
        await world.store.transact([end_sessions(account.id)])
        assert await read_epoch(world.store, account.id) == expected
