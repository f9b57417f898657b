"""The queue port: messages that are handled at least once, in no order.

A message that is received is hidden for a while. Whoever handled it deletes it; of one that nobody deleted
in time it is as if nobody had received it. So a message may come twice, late, at two places at once, or
before one that was sent earlier: that is its consumer's to bear. One that was received too often is a dead
letter, which is kept and not received again.

Errors, on every engine: Unavailable where it is out of reach, or did not say whether it did what was asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from promptstudio.values import Json

RECEIVED_MAX: Final = 10
"""As many messages are received at a time at most: SQS gives no more."""
DELAY_MAX_S: Final = 900
"""A message's delay at most, as SQS has it. What is due later than that is a due record."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was received: `receipt` names it until it is received again, `received` counts that."""

    id: str
    body: Mapping[str, Json]
    receipt: str
    received: int


class Queue(Protocol):
    """What every engine does."""

    async def send(self, body: Mapping[str, Json], *, delay_s: float = 0) -> str:
        """Keep a message; returns its id. It is hidden for its delay, of up to DELAY_MAX_S.

        Raises Unavailable, and ValueError for another delay.
        """
        ...

    async def receive(self, limit: int = RECEIVED_MAX) -> Sequence[Message]:
        """Up to `limit` messages, fewer or none where there are fewer or others took them.

        They are hidden for the queue's visibility timeout. Raises Unavailable, and ValueError for a limit
        that is not from 1 to RECEIVED_MAX.
        """
        ...

    async def extend(self, message: Message, visibility_s: float) -> Message | None:
        """Hide a received message for that long from now on, 0 to let it be received at once.

        Returns it with the receipt it has from now on; None where it is too late. Raises Unavailable.
        """
        ...

    async def delete(self, message: Message) -> None:
        """Be done with a message. Where it is too late this has no effect. Raises Unavailable."""
        ...

    async def dead_letters(self, limit: int = 100) -> Sequence[Message]:
        """Messages that were received too often, the longest dead first. Raises Unavailable."""
        ...
