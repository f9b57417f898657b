"""Records: Pydantic models kept as items, and the ETags by which a lost update is noticed."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import Item
from promptstudio.values import Json


class Record(BaseModel):
    """What is stored, worked with and answered alike. Nothing changes one; `model_copy` makes another."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def identity(self) -> str | None:
        """What tells it from another one that is kept under the same key later; None where there is none."""
        identity: str | None = getattr(self, "id", None)
        return identity


def optional() -> Any:
    """A member that is left out where there is nothing to say."""
    return Field(default=None, exclude_if=lambda value: value is None)


_R = TypeVar("_R", bound=Record)


@dataclass(frozen=True, slots=True)
class Stored(Generic[_R]):
    """A record as it was read. `version` is its item's."""

    value: _R
    version: int
    etag: str


def data(record: Record) -> dict[str, Json]:
    """A record as an item holds it, without members that are None."""
    return record.model_dump(mode="json", exclude_none=True)


def stored(kind: type[_R], item: Item) -> Stored[_R]:
    """The record in an item. Its ETag also names the record where it has an identity: one that is deleted
    and made anew under the same key gets another."""
    value = kind.model_validate(item.data)
    return Stored(value, item.version, etag(value, item.version))


def created(value: _R) -> Stored[_R]:
    """A record as it is after a Put that expected it ABSENT."""
    return Stored(value, 1, etag(value, 1))


def replaced(found: Stored[_R], value: _R) -> Stored[_R]:
    """A record as it is after a Put that expected the version that was found."""
    return Stored(value, found.version + 1, etag(value, found.version + 1))


def etag(record: Record, version: int) -> str:
    """The entity tag of a record at its item's version (RFC 9110, section 8.8.3)."""
    identity = record.identity()
    return f'"{version}"' if identity is None else f'"{identity}.{version}"'


def require_match(found: Stored[_R], if_match: str | None) -> None:
    """Let a change pass that names the record's ETag, or `*`; otherwise raise PlatformError.

    if_match_missing where none is named, stale where the record has changed since.
    """
    if if_match is None:
        raise PlatformError("if_match_missing")
    tags = [tag.strip() for tag in if_match.split(",")]
    if "*" not in tags and found.etag not in tags:
        raise PlatformError("stale")
