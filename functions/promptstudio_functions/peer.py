"""Whose request it is, as far as its network address tells."""

import ipaddress
from collections.abc import Sequence
from typing import TypeAlias

from fastapi import Request

from promptstudio_functions.services import PlatformSettings

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def peer_address(request: Request, settings: PlatformSettings) -> str:
    """The address of who connected. Only what trusted proxies say in X-Forwarded-For counts: of the
    addresses there, the last one that is not theirs."""
    address = request.client.host if request.client is not None else ""
    said = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    while said and _is_in(address, settings.trusted_proxies):
        address = said.pop().strip() or address
    return address


def _is_in(address: str, networks: Sequence[_Network]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found.version == network.version and found in network for network in networks)
