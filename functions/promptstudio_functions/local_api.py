"""The platform on one machine: the API, what its members and keys may run, and the link that signs in."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from promptstudio.access.keys import KeyLookup
from promptstudio.access.principal import Principal
from promptstudio.access.sessions import Sessions
from promptstudio.audit.log import open_log
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.outbound import Guard, parse_networks
from promptstudio.providers.transport import Connections
from promptstudio.sealing import derived_secret
from promptstudio.sealing_keys import SETTING, open_sealer
from promptstudio.settings import Settings
from promptstudio.storage.port import Store
from promptstudio.workspaces.catalog import Catalogs
from promptstudio.workspaces.local_keys import LocalKeys
from promptstudio_functions.api import create_app
from promptstudio_functions.authentication import member
from promptstudio_functions.local_catalog import LocalCatalog
from promptstudio_functions.local_platform import sign_in_url
from promptstudio_functions.local_work import LocalWork, begin_work
from promptstudio_functions.services import PlatformSettings, Services

_ALLOW_PRIVATE: Final = "PROMPTSTUDIO_ALLOW_PRIVATE"
_OWN_MACHINE: Final = "127.0.0.0/8,::1/128"  # where Ollama and its like answer
_TRUSTED_PROXIES: Final = "PROMPTSTUDIO_TRUSTED_PROXIES"
_SESSIONS: Final = "sessions"


@dataclass(frozen=True, slots=True)
class LocalApi:
    """What `open_local_api` opens. Close it before its store."""

    app: FastAPI
    services: Services
    files: BundleGate
    work: LocalWork

    def catalog_of(self, caller: Principal) -> LocalCatalog:
        """What somebody may run: the workspace's published prompts, and the project's files."""
        return LocalCatalog(self.files, self.services.catalogs.of(caller))

    async def member_of(self, method: str, headers: Mapping[bytes, bytes]) -> Principal | None:
        """Who comes with a session."""
        return await member(self.services, method, headers)

    async def sign_in_link(self) -> str:
        """A fresh link that signs this machine's person in, once."""
        services = self.services
        return await sign_in_url(services.store, services.settings.public_url, services.now())

    async def close(self) -> None:
        """End the work that goes on behind requests, and let connections go."""
        await self.work.close()
        await self.services.connections.close()


async def open_local_api(
    store: Store,
    keys: KeyLookup,
    files: BundleGate,
    data: Path,
    environ: Mapping[str, str],
    settings: Settings,
    address: str,
) -> LocalApi:
    """The platform over a store that is open; `address` is where people reach it.

    Providers' keys that the workspace lacks are read from `environ`. Raises SettingsError.
    """
    sealer = await open_sealer(store, environ.get(SETTING), data)
    guard = Guard(parse_networks(environ.get(_ALLOW_PRIVATE, _OWN_MACHINE)))
    connections = Connections(guard)
    services = Services(
        store=store,
        sessions=Sessions(store, await derived_secret(store, sealer, _SESSIONS), time.time),
        keys=keys,
        sealer=sealer,
        guard=guard,
        connections=connections,
        catalogs=Catalogs(store, sealer, connections, time.time, fresh_s=0, local=LocalKeys(environ)),
        audit=await open_log(store, sealer, time.time),
        settings=PlatformSettings(
            public_url=address,
            cors_origins=settings.cors_origins,
            body_limit=settings.body_limit,
            secure_cookies=address.startswith("https:"),
            trusted_proxies=parse_networks(environ.get(_TRUSTED_PROXIES, ""), _TRUSTED_PROXIES),
        ),
        now=time.time,
    )
    return LocalApi(create_app(services), services, files, begin_work(services))
