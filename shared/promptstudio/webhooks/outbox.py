"""The way of an event: stored with the change that it tells of, then handed to the endpoints that want it.

Between the two stands a due record, so that no death of a process loses an event: what was not handed on
comes up again, and is handed on once.
"""

import logging
from collections.abc import Mapping
from typing import Final

from promptstudio.ids import ordered_id
from promptstudio.queues.due import DueRecords
from promptstudio.storage.port import Conflict, Delete, Item, Put, Store, Write
from promptstudio.storage.records import data
from promptstudio.times import rfc3339
from promptstudio.values import Json
from promptstudio.webhooks.records import ENDPOINTS_MAX, Delivery, Endpoint, Event
from promptstudio.webhooks.storage import all_endpoints, delivery_put, event_put, new_delivery

logger = logging.getLogger(__name__)

TASKS: Final = "tasks"
"""The name of the due records of what workers do."""
EVENT_TASK: Final = "webhook_event"
DELIVERY_TASK: Final = "webhook_delivery"


def tasks(store: Store) -> DueRecords:
    """The due records of what workers do."""
    return DueRecords(store, TASKS)


def outbox_put(store: Store, workspace: str, kind: str, about: Mapping[str, Json], now: float) -> Put:
    """The write that tells of an event: for the transaction of the change that it tells of."""
    event = Event(id=ordered_id("evt", now), type=kind, at=rfc3339(now), data=dict(about))
    task: dict[str, Json] = {"task": EVENT_TASK, "workspace": workspace, "event": data(event)}
    return tasks(store).put(event.id, now, task)


def delivery_task(store: Store, workspace: str, delivery: Delivery, at: float) -> Put:
    """The write that makes an attempt of a delivery due."""
    ids = {"endpoint": delivery.endpoint, "delivery": delivery.id}
    return tasks(store).put(delivery.id, at, {"task": DELIVERY_TASK, "workspace": workspace, **ids})


async def fan_out(store: Store, task: Item, now: float) -> None:
    """Hand the event of a due record to all endpoints that want it; of several that try, one does it.

    Of more endpoints than there may be, the first are told. Raises Unavailable.
    """
    workspace = str(task.data["workspace"])
    event = Event.model_validate(task.data["event"])
    writes: list[Write] = [Delete(task.pk, task.sk, task.version)]
    wanting = [each for each in await all_endpoints(store, workspace) if each.wants(event.type)]
    if len(wanting) > ENDPOINTS_MAX:  # a transaction has room for no more, and would fail for ever
        logger.error(
            "%s has %d endpoints: %d are told of %s.", workspace, len(wanting), ENDPOINTS_MAX, event.id
        )
    for endpoint in wanting[:ENDPOINTS_MAX]:
        writes += _handed(store, workspace, endpoint, event, now)
    if len(writes) > 1:
        writes.append(event_put(workspace, event, now))
    try:
        await store.transact(writes)
    except Conflict:
        pass  # another one has done it, or has it in hand


def _handed(store: Store, workspace: str, endpoint: Endpoint, event: Event, now: float) -> list[Write]:
    delivery = new_delivery(ordered_id("dlv", now), endpoint, event, now)
    return [delivery_put(workspace, delivery, now), delivery_task(store, workspace, delivery, now)]
