"""A queue in the store: durable, and shared by all processes that share the store."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from promptstudio.ids import new_id
from promptstudio.queues.due import DueRecords, record_of
from promptstudio.queues.port import DELAY_MAX_S, RECEIVED_MAX, Message
from promptstudio.storage.port import ABSENT, Conflict, Delete, Item, Put, Store
from promptstudio.values import Json

VISIBILITY_S: Final = 60.0
RECEIVES: Final = 5

_SEPARATOR: Final = " "  # between the parts of a receipt, none of which has one


class LocalQueue:
    """A Queue. Messages are due records, each hidden for `visibility_s` when it is received; one that was
    received `receives` times is a dead letter. `now` gives seconds since 1970."""

    def __init__(
        self,
        store: Store,
        name: str,
        now: Callable[[], float],
        *,
        visibility_s: float = VISIBILITY_S,
        receives: int = RECEIVES,
    ) -> None:
        self._store = store
        self._name = name
        self._now = now
        self._visibility_s = visibility_s
        self._receives = receives
        self._messages = DueRecords(store, f"queue:{name}")

    async def send(self, body: Mapping[str, Json], *, delay_s: float = 0) -> str:
        if not 0 <= delay_s <= DELAY_MAX_S:
            raise ValueError(f"a message's delay is 0 to {DELAY_MAX_S} seconds, not {delay_s}")
        message = new_id("msg")
        data: dict[str, Json] = {"body": dict(body), "received": 0}
        await self._store.transact([self._messages.put(message, self._now() + delay_s, data)])
        return message

    async def receive(self, limit: int = RECEIVED_MAX) -> Sequence[Message]:
        if not 1 <= limit <= RECEIVED_MAX:
            raise ValueError(f"1 to {RECEIVED_MAX} messages are received at a time, not {limit}")
        received: list[Message] = []
        for item in await self._messages.ready(self._now(), limit):
            message = await self._take(item)
            if message is not None:
                received.append(message)
        return received

    async def extend(self, message: Message, visibility_s: float) -> Message | None:
        found = await self._found(message)
        if found is None:
            return None
        moved = await self._messages.move(found, self._now() + visibility_s)
        return None if moved is None else _message(moved)

    async def delete(self, message: Message) -> None:
        found = await self._found(message)
        if found is None:
            return
        try:
            await self._store.transact([Delete(found.pk, found.sk, found.version)])
        except Conflict:
            pass  # it was received again a moment ago

    async def dead_letters(self, limit: int = 100) -> Sequence[Message]:
        page = await self._store.query(self._dead, limit=limit)
        return [_message(item) for item in page.items]

    @property
    def _dead(self) -> str:
        return f"sys#dead#{self._name}"

    async def _take(self, item: Item) -> Message | None:
        """A message that is received now; None where others took it, or it was received too often."""
        received = int(str(item.data["received"]))
        if received >= self._receives:
            await self._bury(item)
            return None
        data = {**item.data, "received": received + 1}
        moved = await self._messages.move(item, self._now() + self._visibility_s, data)
        return None if moved is None else _message(moved)

    async def _bury(self, item: Item) -> None:
        letter = Put(self._dead, item.sk, item.data, ABSENT)
        try:
            await self._store.transact([Delete(item.pk, item.sk, item.version), letter])
        except Conflict:
            pass  # another process was faster

    async def _found(self, message: Message) -> Item | None:
        """The message, where it was not received again, nor deleted, since this receipt was given."""
        pk, sk, version = message.receipt.split(_SEPARATOR)
        item = await self._store.get(pk, sk)
        return item if item is not None and item.version == int(version) else None


def _message(item: Item) -> Message:
    body = item.data["body"]
    assert isinstance(body, dict)  # noqa: S101 - it was one when it was sent
    receipt = _SEPARATOR.join((item.pk, item.sk, str(item.version)))
    return Message(record_of(item), body, receipt, int(str(item.data["received"])))
