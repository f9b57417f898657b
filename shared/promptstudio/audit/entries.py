"""Entries of the audit log: who did what to what, from where, and what it was before and after."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import ConfigDict, Field, JsonValue

from promptstudio.access.principal import Principal
from promptstudio.storage.records import Record, optional
from promptstudio.values import Json

USER_AGENT_CHARACTERS: Final = 200


class Actor(Record):
    """Who did it: a member or a key, under the name of that time; or who came with an invitation."""

    kind: Literal["member", "key", "invitation", "address"]
    id: str
    name: str


class Source(Record):
    """Where a request came from: its network address, what its client calls itself, and by which session or
    key it was let in."""

    ip: str | None = optional()
    user_agent: str | None = optional()
    session: str | None = optional()
    key: str | None = optional()


class Target(Record):
    """What it was done to. `name` is that of the record, or of the prompt that it belongs to."""

    kind: str
    id: str
    name: str | None = optional()


class AuditEntry(Record):
    """An entry. `previous` is the hash of the line before it, `mac` is made with the log's key."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    seq: int
    at: str
    workspace: str
    actor: Actor
    source: Source = Field(alias="from")
    action: str
    target: Target
    before: dict[str, JsonValue] | None = optional()
    after: dict[str, JsonValue] | None = optional()
    previous: str
    mac: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry before it has its place. `before` and `after` are as `told` makes them."""

    action: str
    actor: Actor
    source: Source
    target: Target
    before: Json = None
    after: Json = None

    def members(self, workspace: str, at: str) -> dict[str, Json]:
        """What of an entry is known before its place is."""
        told: dict[str, Any] = {
            "at": at,
            "workspace": workspace,
            "actor": self.actor.model_dump(),
            "from": self.source.model_dump(),
            "action": self.action,
            "target": self.target.model_dump(),
        }
        ends = {"before": self.before, "after": self.after}
        return told | {name: record for name, record in ends.items() if record is not None}


def acting(by: Principal) -> Actor:
    """Who acts, as an actor."""
    return Actor(kind="key" if by.is_key else "member", id=by.id, name=by.name)


def source_of(by: Principal | None, ip: str, user_agent: str) -> Source:
    """Where a request came from that `by` sent, None for somebody who has yet to prove who they are."""
    key = by.id if by is not None and by.is_key else None
    session = None if by is None else by.session
    agent = user_agent[:USER_AGENT_CHARACTERS]
    return Source(ip=ip or None, user_agent=agent or None, session=session, key=key)
