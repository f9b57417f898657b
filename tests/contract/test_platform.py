"""The whole platform on an engine that says nothing: requests end in time, and nobody gets in by it."""

import asyncio
from dataclasses import dataclass, replace

import httpx2
import pytest

from promptstudio.access.principal import Scope
from promptstudio.endpoint.keys import PREFIX, new_secret
from promptstudio.ids import workspace_characters
from promptstudio.storage.port import Store
from promptstudio.storage.retry import ATTEMPTS, Retry
from promptstudio_functions.api import create_app
from tests.contract.conftest import NETWORKED, Engines, Sleeps
from tests.contract.engines import Engine, Space, Way
from tests.contract.engines.proxy import RESET, SILENT, SWALLOWED, Fault, Proxy
from tests.functions.platform import Platform, services_for
from tests.people import Clock, World, workspace_in

ANSWER_S = 0.2


@pytest.fixture(params=NETWORKED)
def engine(request: pytest.FixtureRequest, engines: Engines) -> Engine:
    return engines[request.param]


def platform_on(store: Store, world: World) -> Platform:
    there = replace(world, store=store)
    services = services_for(there)
    return Platform(create_app(services), services, there)


@dataclass(frozen=True, slots=True)
class Callers:
    """Who asks, and what each is told while the store answers."""

    clients: dict[str, httpx2.AsyncClient]

    async def ask(self, app: Platform) -> dict[str, int]:
        """The status that each gets of an application, all of them at once."""
        headers = {who: dict(client.headers) for who, client in self.clients.items()}
        asked = (self._one(app, who, sent) for who, sent in headers.items())
        return dict(zip(headers, await asyncio.gather(*asked), strict=True))

    async def _one(self, app: Platform, who: str, headers: dict[str, str]) -> int:
        async with app.client(headers) as client:
            if who == "password":
                body = {"email": "nobody@example.com", "password": "a wrong password"}
                answer = await client.post("/api/session", json=body)
            else:
                answer = await client.get("/api/prompts")
            if answer.status_code == 503:
                assert answer.json()["code"] == "unavailable"
                assert int(answer.headers["retry-after"]) > 0
            return answer.status_code


@pytest.mark.parametrize("fault", [SILENT, SWALLOWED, RESET], ids=["silent", "swallowed", "reset"])
async def test_while_the_store_says_nothing_requests_end_and_nobody_gets_in(
    space: Space, proxy: Proxy, fault: Fault
) -> None:
    """security.md (c) 6: the store hangs; 503 in bounded time, and authentication does not fail open."""
    clock, sleeps = Clock(), Sleeps()
    near = space.open(now=clock)
    far = space.open(now=clock, retry=Retry(sleeps, lambda: 0.5), via=Way(proxy.address, ANSWER_S))
    owner = await workspace_in(near, clock)
    home = platform_on(near, World(near, clock, owner.workspace, owner))
    distant = platform_on(far, home.world)
    unknown = new_secret(PREFIX, workspace_characters(owner.workspace))
    callers = Callers(
        {
            "session": await home.member(owner),
            "key": await home.key([Scope.read]),
            "no key": home.client({"authorization": "Bearer ps_live_" + "x" * 50}),
            "unknown key": home.client({"authorization": f"Bearer {unknown}"}),
            "stranger": home.client(),
            "password": home.client(),
        }
    )
    asking = ("session", "key", "unknown key", "password")
    answering = {"session": 200, "key": 200, **dict.fromkeys(("no key", "unknown key", "stranger"), 401)}
    answering["password"] = 401
    assert await callers.ask(distant) == answering
    distant = platform_on(far, home.world)  # which remembers nobody
    proxy.faults.extend([fault] * 1000)
    async with asyncio.timeout(ATTEMPTS * ANSWER_S * 10):
        assert await callers.ask(distant) == answering | dict.fromkeys(asking, 503)
    proxy.faults.clear()
    assert await callers.ask(distant) == answering
    await far.close()
    await near.close()
