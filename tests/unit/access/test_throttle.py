import asyncio

import pytest

from promptstudio.access.throttle import BY_ACCOUNT, BY_ADDRESS, WINDOW_S, attempt, network
from promptstudio.platform_errors import PlatformError
from tests.people import World, problem_of


async def fail(world: World, account: str = "ada@example.com", address: str = "192.0.2.1") -> None:
    with pytest.raises(ZeroDivisionError):
        async with attempt(world.store, account, address, world.clock()):
            raise ZeroDivisionError


async def succeed(world: World, account: str = "ada@example.com", address: str = "192.0.2.1") -> None:
    async with attempt(world.store, account, address, world.clock()):
        pass


async def test_an_account_takes_so_many_failures_from_anywhere(world: World) -> None:
    for number in range(BY_ACCOUNT):
        await fail(world, address=f"192.0.2.{number}")
    with pytest.raises(PlatformError, match="Try again in") as caught:
        await succeed(world, address="198.51.100.1")
    assert caught.value.problem == "sign_in_throttled"
    assert caught.value.status == 429
    assert 0 < (caught.value.retry_after or 0) <= WINDOW_S + 1
    await succeed(world, account="eve@example.com")


async def test_an_address_takes_so_many_failures_on_any_account(world: World) -> None:
    for number in range(BY_ADDRESS):
        await fail(world, account=f"person{number}@example.com")
    assert await problem_of(succeed(world, account="new@example.com")) == "sign_in_throttled"
    await succeed(world, account="new@example.com", address="192.0.2.2")


async def test_a_new_window_forgets(world: World) -> None:
    for _ in range(BY_ACCOUNT):
        await fail(world)
    with pytest.raises(PlatformError) as caught:
        await succeed(world)
    world.clock.now += caught.value.retry_after or 0
    await succeed(world)


async def test_success_is_not_counted(world: World) -> None:
    for _ in range(BY_ADDRESS + 1):
        await succeed(world)


async def test_many_at_once_are_no_more_than_one_after_the_other(world: World) -> None:
    told = await asyncio.gather(*(problem_of(fail(world)) for _ in range(3 * BY_ACCOUNT)))
    assert told.count("") == BY_ACCOUNT
    assert told.count("sign_in_throttled") == 2 * BY_ACCOUNT


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_of_ipv6_the_network_counts(address: str, counted: str) -> None:
    assert network(address) == counted
