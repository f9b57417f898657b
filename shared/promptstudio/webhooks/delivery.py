"""One attempt of a delivery: claimed, signed, sent, and what came of it kept in one transaction."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr

from promptstudio.platform_errors import PlatformError
from promptstudio.sealing import Sealer
from promptstudio.storage.port import Conflict, Delete, Item, Put, Store, Write
from promptstudio.storage.records import Stored, data
from promptstudio.times import rfc3339
from promptstudio.values import canonical
from promptstudio.webhooks.outbox import delivery_task, outbox_put, tasks
from promptstudio.webhooks.records import Attempt, Delivery, Endpoint, Event, State
from promptstudio.webhooks.sender import Sender
from promptstudio.webhooks.signing import signed_headers
from promptstudio.webhooks.storage import (
    KEPT_S,
    dead_key,
    delivery_put,
    endpoints_key,
    find_delivery,
    find_endpoint,
    find_event,
    secret_context,
)
from promptstudio.webhooks.transitions import delivery_after, endpoint_after

LEASE_S: Final = 60.0
"""How long nobody else tries what somebody has begun, or died of: well above a request's timeout."""
DISABLED: Final = "webhook.disabled"

_RACES: Final = 20


@dataclass(frozen=True, slots=True)
class Delivering:
    """What attempts need. `now` gives seconds since 1970, `chance` a number from 0 to 1."""

    store: Store
    sealer: Sealer = field(repr=False)
    sender: Sender
    now: Callable[[], float]
    lease_s: float = LEASE_S
    chance: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class _Job:
    """A delivery that is tried now. `task` is its due record."""

    workspace: str
    task: Item
    delivery: Stored[Delivery]
    endpoint: Stored[Endpoint]


async def deliver(service: Delivering, task: Item) -> None:
    """Make the attempt that a due record tells of, unless somebody else does; raises Unavailable.

    A process that dies here leaves the record, which comes up again behind the lease. PlatformError
    sealing_unavailable leaves it too.
    """
    claimed = await tasks(service.store).move(task, service.now() + service.lease_s)
    if claimed is None:
        return
    job = await _job(service.store, claimed)
    event = None if job is None else await find_event(service.store, job.workspace, job.delivery.value.event)
    if job is None or event is None:
        await _forget(service.store, claimed)
        return
    attempt = await _attempt(service, job, event)
    for _ in range(_RACES):
        try:
            await service.store.transact(_settled(service, job, attempt))
            return
        except Conflict as conflict:
            if conflict.index == 0:
                return  # the due record is somebody else's
            again = await _job(service.store, claimed)
        if again is None or again.delivery.version != job.delivery.version:
            return  # somebody whose clock is ahead has settled it
        job = again


async def _job(store: Store, task: Item) -> _Job | None:
    """What is to be tried; None where that is over, or gone with its endpoint."""
    workspace, endpoint, delivery = (str(task.data[name]) for name in ("workspace", "endpoint", "delivery"))
    found = await find_delivery(store, workspace, endpoint, delivery)
    whom = await find_endpoint(store, workspace, endpoint)
    if found is None or whom is None or found.value.state != State.pending:
        return None
    return _Job(workspace, task, found, whom)


async def _forget(store: Store, task: Item) -> None:
    try:
        await store.transact([Delete(task.pk, task.sk, task.version)])
    except Conflict:
        pass  # another one has it in hand


async def _attempt(service: Delivering, job: _Job, event: Event) -> Attempt:
    now, endpoint = service.now(), job.endpoint.value
    if endpoint.disabled is not None:
        return Attempt(at=rfc3339(now), error="The endpoint is disabled.", duration_ms=0)
    body = canonical({"type": event.type, "timestamp": event.at, "data": event.data})
    try:
        live = [secret.get_secret_value() for secret in await _secrets(service, job, now)]
    except PlatformError as error:
        if error.problem != "seal_invalid":
            raise
        return Attempt(at=rfc3339(now), error=error.detail, duration_ms=0)
    return await service.sender.send(endpoint.url, signed_headers(live, event.id, now, body), body, now)


async def _secrets(service: Delivering, job: _Job, now: float) -> list[SecretStr]:
    context = secret_context(job.workspace, job.endpoint.value.id)
    return [await service.sealer.open(each.sealed, context) for each in job.endpoint.value.live(now)]


def _settled(service: Delivering, job: _Job, attempt: Attempt) -> list[Write]:
    """What an attempt changes: the delivery, when it is due again, and maybe its endpoint."""
    now, found = service.now(), job.endpoint.value
    endpoint = endpoint_after(found, attempt, now)
    after = delivery_after(job.delivery.value, attempt, now, service.chance())
    told, due = after.delivery, after.due
    if endpoint.disabled is not None and told.state == State.pending:
        told, due = told.model_copy(update={"state": State.dead, "next_at": None}), None
    writes: list[Write] = [
        Delete(job.task.pk, job.task.sk, job.task.version),
        delivery_put(job.workspace, told, now, job.delivery.version),
    ]
    if due is not None:
        writes.append(delivery_task(service.store, job.workspace, told, due))
    if told.state == State.dead:
        dead = dead_key(job.workspace, told.endpoint)
        writes.append(Put(dead, told.id, data(told), expires_at=int(now) + KEPT_S))
    if endpoint is not found:
        expect = job.endpoint.version
        writes.append(Put(endpoints_key(job.workspace), found.id, data(endpoint), expect))
    if endpoint.disabled != found.disabled:
        about = {"id": found.id, "url": found.url, "reason": str(endpoint.disabled)}
        writes.append(outbox_put(service.store, job.workspace, DISABLED, about, now))
    return writes
