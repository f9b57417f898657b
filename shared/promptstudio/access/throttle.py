"""Attempts to prove a password, counted by account and by address in fixed windows.

An attempt is counted before it is judged, so that many at once are no more than one after the other, and
taken back when it succeeds. The window and its ceilings hold across all processes.
"""

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Final

from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import Add, Conflict, Store

WINDOW_S: Final = 900
BY_ACCOUNT: Final = 20
BY_ADDRESS: Final = 100

_COUNT: Final = "attempts"
_IPV6_NETWORK_BITS: Final = 64  # what one subscriber has at least


@asynccontextmanager
async def attempt(store: Store, account: str, address: str, now: float) -> AsyncIterator[None]:
    """Around the proof of a password: `account` is an e-mail address or an id, `address` the peer's.

    Raises PlatformError sign_in_throttled, with the seconds to wait, and without the block's having run. A
    block that raises leaves the attempt counted.
    """
    window = int(now // WINDOW_S)
    ends_at = (window + 1) * WINDOW_S
    counters = {_key("account", account): BY_ACCOUNT, _key("address", network(address)): BY_ADDRESS}
    try:
        await store.transact(
            [Add(pk, str(window), {_COUNT: 1}, {_COUNT: most}, ends_at) for pk, most in counters.items()]
        )
    except Conflict:
        wait_s = max(1, int(ends_at - now) + 1)
        raise PlatformError("sign_in_throttled", retry_after=wait_s, seconds=wait_s) from None
    yield
    await store.transact([Add(pk, str(window), {_COUNT: -1}, expires_at=ends_at) for pk in counters])


def network(address: str) -> str:
    """What an address counts as: of IPv6 its /64, within which a caller can choose."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    mapped = found.ipv4_mapped
    if mapped is not None:
        return str(mapped)
    return str(ipaddress.ip_network((found, _IPV6_NETWORK_BITS), strict=False))


def _key(kind: str, name: str) -> str:
    return f"sys#attempts#{kind}#{sha256(name.encode()).hexdigest()}"
