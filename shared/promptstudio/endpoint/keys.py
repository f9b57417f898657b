"""API keys: made here, shown once, kept as SHA-256, found again by it.

A key, like every secret that a workspace gives out, is a prefix that says what it is, the 12 characters of
its workspace, 32 random ones, and a checksum of 6.
"""

import json
import re
import secrets
import string
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, Protocol

PREFIX: Final = "ps_live_"

_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_WORKSPACE_CHARACTERS: Final = 12
_RANDOM_CHARACTERS: Final = 32  # 190 bits
_CHECKSUM_CHARACTERS: Final = 6  # what a CRC-32 takes in base 62
_SECRET: Final = re.compile(
    f"[0-9A-Za-z]{{{_WORKSPACE_CHARACTERS + _RANDOM_CHARACTERS + _CHECKSUM_CHARACTERS}}}"
)
_HASH: Final = re.compile("[0-9a-f]{64}")


class KeysError(ValueError):
    """Text that should hold API keys' hashes and does not."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is kept of a key. `hash` is SHA-256 in hex, the times are RFC 3339; None is no end."""

    id: str
    name: str
    hash: str
    created_at: str
    expires_at: str | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at its birth, the only time when it can be read."""

    key: str
    record: KeyRecord

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def hash(self) -> str:
        return self.record.hash


class Keys(Protocol):
    """What an endpoint asks about a key that it was sent."""

    def holds(self, key: bytes) -> bool: ...


class KeyRing:
    """The keys that an endpoint answers to. `now` gives seconds since 1970."""

    __slots__ = ("_ends", "_now")

    def __init__(self, records: Iterable[KeyRecord], *, now: Callable[[], float] = time.time) -> None:
        self._ends = {record.hash: _end(record) for record in records}
        self._now = now

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """A ring from the JSON of PROMPTSTUDIO_KEYS; raises KeysError."""
        return cls(parse_records(text))

    def holds(self, key: bytes) -> bool:
        end = self._ends.get(sha256(key).hexdigest(), 0.0)
        return end is None or self._now() < end


def create(name: str, workspace: str = "", *, now: datetime | None = None) -> NewKey:
    """A new random key of the workspace with these 12 characters, or of none."""
    key = new_secret(PREFIX, workspace)
    record = KeyRecord(
        id="key_" + secrets.token_hex(12),
        name=name,
        hash=sha256(key.encode()).hexdigest(),
        created_at=(now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    return NewKey(key, record)


def new_secret(prefix: str, workspace: str = "") -> str:
    """A random secret of the workspace with these 12 characters; without them it has random ones there."""
    secret = prefix + (workspace or _random(_WORKSPACE_CHARACTERS)) + _random(_RANDOM_CHARACTERS)
    return secret + checksum(secret)


def workspace_of(prefix: str, text: str) -> str | None:
    """The 12 characters of the workspace that a secret names; None for what is no secret of this kind."""
    if not (text.startswith(prefix) and _SECRET.fullmatch(text, len(prefix))):
        return None
    if checksum(text[:-_CHECKSUM_CHARACTERS]) != text[-_CHECKSUM_CHARACTERS:]:
        return None
    return text[len(prefix) : len(prefix) + _WORKSPACE_CHARACTERS]


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def checksum(secret: str) -> str:
    """The end of a key, by which scanners know a leaked one: CRC-32 of what precedes it, in base 62."""
    number = zlib.crc32(secret.encode())
    digits = ""
    for _ in range(_CHECKSUM_CHARACTERS):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def parse_records(text: str) -> list[KeyRecord]:
    """The records of PROMPTSTUDIO_KEYS; raises KeysError."""
    try:
        rows = json.loads(text)
    except ValueError:
        raise KeysError("The API keys are not JSON.") from None
    if not isinstance(rows, list):
        raise KeysError("The API keys are not a JSON array.")
    return [_record(row, index) for index, row in enumerate(rows)]


def _record(row: object, index: int) -> KeyRecord:
    """A record of a row; members that are not known yet are those of a later version."""
    if isinstance(row, dict):
        members = {name: row.get(name, "") for name in ("id", "name", "hash", "created_at")}
        expires_at = row.get("expires_at")
        if all(isinstance(member, str) for member in members.values()) and isinstance(expires_at, str | None):
            record = KeyRecord(**members, expires_at=expires_at)
            if _HASH.fullmatch(record.hash):
                _end(record)
                return record
    message = f"API key {index} lacks a SHA-256 in 64 hexadecimal digits."
    raise KeysError(message)


def _end(record: KeyRecord) -> float | None:
    """When the key ends, in seconds since 1970; raises KeysError."""
    if record.expires_at is None:
        return None
    try:
        end = datetime.fromisoformat(record.expires_at)
    except ValueError:
        end = None
    if end is None or end.tzinfo is None:
        raise KeysError("An API key's expires_at is not a time in RFC 3339.")
    return end.timestamp()


def print_records(records: Iterable[KeyRecord]) -> str:
    """The JSON text that parse_records reads."""
    rows = [
        {name: member for name, member in asdict(record).items() if member is not None} for record in records
    ]
    return json.dumps(rows, indent=2) + "\n"
