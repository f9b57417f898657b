"""The platform's API without a network: an application on an embedded store, and clients for its people."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import httpx2
from fastapi import FastAPI

from promptstudio.access.accounts import read_epoch
from promptstudio.access.key_changes import KeyOrder, create_key
from promptstudio.access.keys import KeyLookup
from promptstudio.access.principal import Principal, Scope
from promptstudio.access.sessions import Sessions
from promptstudio.audit.log import AuditLog
from promptstudio.outbound import Guard
from promptstudio.providers.transport import Connections
from promptstudio.sealing import LocalKey, Sealer
from promptstudio.workspaces.catalog import Catalogs
from promptstudio_functions.api import create_app
from promptstudio_functions.authentication import CSRF_HEADER, SESSION_COOKIE
from promptstudio_functions.platform_app import PlatformApp
from promptstudio_functions.services import PlatformSettings, Services
from tests.people import World, world_in

URL = "http://platform.test"


@dataclass(frozen=True, slots=True)
class Platform:
    """An application, its services, and the world it serves. `url` is where its clients think it is."""

    app: FastAPI | PlatformApp
    services: Services
    world: World

    def client(self, headers: dict[str, str] | None = None) -> httpx2.AsyncClient:
        """A client that sends these headers with each request, by default a stranger's."""
        transport = httpx2.ASGITransport(self.app, raise_app_exceptions=True)
        return httpx2.AsyncClient(transport=transport, base_url=URL, headers=headers)

    async def member(self, who: Principal) -> httpx2.AsyncClient:
        """A client with a new session of this member, which sends its CSRF token."""
        epoch = await read_epoch(self.services.store, who.id) or 0
        session = await self.services.sessions.begin(who.id, who.workspace, epoch)
        return self.client({"cookie": f"{SESSION_COOKIE}={session.token}", CSRF_HEADER: session.csrf})

    async def key(
        self, scopes: Iterable[Scope], prompts: Iterable[str] | None = None, *, by: Principal | None = None
    ) -> httpx2.AsyncClient:
        """A client with a new API key, made by the owner unless somebody else is named."""
        order = KeyOrder(
            name="test", scopes=tuple(scopes), prompts=None if prompts is None else tuple(prompts)
        )
        made = await create_key(self.services.store, by or self.world.owner, order, self.services.now())
        return self.client({"authorization": f"Bearer {made.text}"})


def services_for(world: World, *, allowed: str = "127.0.0.0/8") -> Services:
    """Services on a world's store; people's URLs may lead to the networks `allowed`."""
    guard = Guard((ip_network(allowed),))
    sealer = Sealer(LocalKey(b"k" * 32))
    connections = Connections(guard)
    return Services(
        store=world.store,
        sessions=Sessions(world.store, world.secret, world.clock),
        keys=KeyLookup(world.store, world.clock),
        sealer=sealer,
        guard=guard,
        connections=connections,
        catalogs=Catalogs(world.store, sealer, connections, world.clock),
        audit=AuditLog(world.store, b"a" * 32, world.clock),
        settings=PlatformSettings(public_url=URL, secure_cookies=False),
        now=world.clock,
    )


@asynccontextmanager
async def platform_in(folder: Path) -> AsyncIterator[Platform]:
    """A platform on a new store in the folder, with one workspace and its owner."""
    world = await world_in(folder)
    services = services_for(world)
    try:
        yield Platform(create_app(services), services, world)
    finally:
        await services.connections.close()
        await world.store.close()
