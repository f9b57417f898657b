"""Webhooks in the store: endpoints, events and deliveries of each workspace."""

from typing import Final

from promptstudio.sealing import Context
from promptstudio.storage.port import ABSENT, Put, Store
from promptstudio.storage.records import Stored, data, stored
from promptstudio.times import rfc3339
from promptstudio.webhooks.records import Delivery, Endpoint, Event

KEPT_S: Final = 30 * 24 * 3600
"""How long events and what came of them are kept, from the moment of the event or of the last attempt."""


def endpoints_key(workspace: str) -> str:
    """The partition of a workspace's endpoints, by id."""
    return f"{workspace}#webhooks"


def deliveries_key(workspace: str, endpoint: str) -> str:
    """The partition of an endpoint's deliveries, by id, so by time."""
    return f"{workspace}#webhook_deliveries#{endpoint}"


def dead_key(workspace: str, endpoint: str) -> str:
    """The partition of copies of an endpoint's dead deliveries."""
    return f"{workspace}#webhook_dead#{endpoint}"


def secret_context(workspace: str, endpoint: str) -> Context:
    """What an endpoint's secrets are sealed for. They sign, and are sent nowhere."""
    return Context(workspace, f"webhook:{endpoint}")


async def all_endpoints(store: Store, workspace: str) -> list[Endpoint]:
    """A workspace's endpoints, ENDPOINTS_MAX at most."""
    page = await store.query(endpoints_key(workspace))
    return [stored(Endpoint, item).value for item in page.items]


async def find_endpoint(store: Store, workspace: str, endpoint: str) -> Stored[Endpoint] | None:
    """An endpoint, or None."""
    item = await store.get(endpoints_key(workspace), endpoint)
    return None if item is None else stored(Endpoint, item)


async def find_delivery(
    store: Store, workspace: str, endpoint: str, delivery: str
) -> Stored[Delivery] | None:
    """A delivery, or None."""
    item = await store.get(deliveries_key(workspace, endpoint), delivery)
    return None if item is None else stored(Delivery, item)


async def find_event(store: Store, workspace: str, event: str) -> Event | None:
    """An event that was handed to endpoints, or None."""
    item = await store.get(f"{workspace}#webhook_events", event)
    return None if item is None else stored(Event, item).value


def event_put(workspace: str, event: Event, now: float) -> Put:
    """Keep an event for its deliveries."""
    return Put(f"{workspace}#webhook_events", event.id, data(event), expires_at=int(now) + KEPT_S)


def delivery_put(workspace: str, delivery: Delivery, now: float, expect: int = ABSENT) -> Put:
    """Keep a delivery as it is now."""
    key = deliveries_key(workspace, delivery.endpoint)
    return Put(key, delivery.id, data(delivery), expect, int(now) + KEPT_S)


def new_delivery(delivery: str, endpoint: Endpoint, event: Event, now: float) -> Delivery:
    """The delivery of an event to an endpoint, due at once."""
    at = rfc3339(now)
    return Delivery(
        id=delivery, endpoint=endpoint.id, event=event.id, type=event.type, created_at=at, next_at=at
    )
