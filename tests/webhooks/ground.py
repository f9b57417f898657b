"""A store with endpoints, and a worker whose clock goes when it is told to."""

from dataclasses import dataclass
from ipaddress import ip_network

from pydantic import SecretStr

from promptstudio.outbound import Guard
from promptstudio.queues.local import LocalQueue
from promptstudio.sealing import LocalKey, Sealer
from promptstudio.storage.port import ABSENT, Put, Store
from promptstudio.storage.records import data, stored
from promptstudio.times import rfc3339
from promptstudio.webhooks.delivery import Delivering
from promptstudio.webhooks.outbox import outbox_put
from promptstudio.webhooks.records import Delivery, Endpoint, SigningSecret
from promptstudio.webhooks.sender import Sender
from promptstudio.webhooks.signing import new_secret
from promptstudio.webhooks.storage import (
    dead_key,
    deliveries_key,
    endpoints_key,
    find_endpoint,
    secret_context,
)
from promptstudio_functions.workers import Worker, webhook_handlers
from tests.people import Clock

WORKSPACE = "ws_aaaaaaaaaaaa"
SEALER = Sealer(LocalKey(b"k" * 32))
LOOPBACK = Guard((ip_network("127.0.0.0/8"),))


async def add_endpoint(
    store: Store,
    number: int,
    url: str,
    *secrets: str,
    events: tuple[str, ...] = (),
    sealer: Sealer = SEALER,
) -> str:
    """An endpoint with these secrets, newest first; returns its id."""
    made = f"whk_{number}"
    sealed = [await sealer.seal(SecretStr(each), secret_context(WORKSPACE, made)) for each in secrets]
    endpoint = Endpoint(
        id=made,
        url=url,
        events=events,
        secrets=tuple(SigningSecret(sealed=each) for each in sealed),
        created_at=rfc3339(1_800_000_000),
        created_by="mem_1",
    )
    await store.transact([Put(endpoints_key(WORKSPACE), made, data(endpoint), ABSENT)])
    return made


async def deliveries(store: Store, endpoint: str, *, dead: bool = False) -> list[Delivery]:
    """All deliveries to an endpoint, or its dead letters."""
    key = (dead_key if dead else deliveries_key)(WORKSPACE, endpoint)
    found: list[Delivery] = []
    after: str | None = None
    while True:
        page = await store.query(key, after=after, limit=1000)
        found += [stored(Delivery, item).value for item in page.items]
        after = page.after
        if after is None:
            return found


@dataclass
class Ground:
    """A worker on a store, and the means to look at what it did."""

    store: Store
    clock: Clock
    service: Delivering
    worker: Worker
    secret: str

    async def endpoint(self, number: int, url: str, events: tuple[str, ...] = ()) -> str:
        return await add_endpoint(self.store, number, url, self.secret, events=events)

    async def tell(self, kind: str = "prompt.published") -> None:
        """A change, and the event that tells of it, in one transaction."""
        event = outbox_put(self.store, WORKSPACE, kind, {"name": "greet"}, self.clock())
        await self.store.transact([Put(WORKSPACE, "change", {}), event])

    async def work(self, passed_s: float = 0) -> None:
        """Let time pass, then do all that is due."""
        self.clock.now += passed_s
        while await self.worker.step():
            await self.worker.drain()

    async def one(self, endpoint: str, *, dead: bool = False) -> Delivery:
        (delivery,) = await deliveries(self.store, endpoint, dead=dead)
        return delivery

    async def found(self, endpoint: str) -> Endpoint:
        found = await find_endpoint(self.store, WORKSPACE, endpoint)
        assert found is not None
        return found.value


def ground_on(store: Store, clock: Clock, guard: Guard = LOOPBACK) -> Ground:
    """A worker that gives a receiver a third of a second. Close its `service.sender`."""
    service = Delivering(store, SEALER, Sender(guard, timeout_s=0.3), clock)
    worker = Worker(store, LocalQueue(store, "work", clock), webhook_handlers(service), clock)
    return Ground(store, clock, service, worker, new_secret())
