"""What every request of the platform is served with. `wiring.py` makes it; nothing else chooses adapters."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from promptstudio.access.keys import KeyLookup
from promptstudio.access.sessions import Sessions
from promptstudio.audit.log import AuditLog
from promptstudio.outbound import Guard
from promptstudio.providers.transport import Connections
from promptstudio.sealing import Sealer
from promptstudio.storage.port import Store
from promptstudio.workspaces.catalog import Catalogs


@dataclass(frozen=True, slots=True)
class PlatformSettings:
    """`public_url` is where people reach the platform, for the links that it makes.

    `cors_origins` may call it with an API key. `secure_cookies` is off only where it is reached by http.
    `trusted_proxies` are the networks whose X-Forwarded-For is believed.
    """

    public_url: str
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    body_limit: int = 1 << 20
    secure_cookies: bool = True


@dataclass(frozen=True, slots=True)
class Services:
    """`now` gives seconds since 1970."""

    store: Store
    sessions: Sessions = field(repr=False)
    keys: KeyLookup
    sealer: Sealer = field(repr=False)
    guard: Guard
    connections: Connections
    catalogs: Catalogs
    audit: AuditLog
    settings: PlatformSettings
    now: Callable[[], float]
