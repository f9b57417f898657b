"""API keys: made here, shown once, kept as SHA-256, found again by it."""

import json
import re
import secrets
import string
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, Protocol

PREFIX: Final = "ps_live_"

_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_CHARACTERS: Final = 32  # 190 bits
_CHECKSUM_CHARACTERS: Final = 6  # what a CRC-32 takes in base 62
_HASH: Final = re.compile("[0-9a-f]{64}")


class KeysError(ValueError):
    """Text that should hold API keys' hashes and does not."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is kept of a key. `hash` is SHA-256 in hex, `created_at` RFC 3339."""

    id: str
    name: str
    hash: str
    created_at: str


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
    """The keys that an endpoint answers to."""

    __slots__ = ("_hashes",)

    def __init__(self, records: Iterable[KeyRecord]) -> None:
        self._hashes = frozenset(record.hash for record in records)

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """A ring from the JSON of PROMPTSTUDIO_KEYS or keys.json; raises KeysError."""
        return cls(parse_records(text))

    def holds(self, key: bytes) -> bool:
        return sha256(key).hexdigest() in self._hashes


def create(name: str, *, now: datetime | None = None) -> NewKey:
    """A new random key."""
    secret = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    key = secret + checksum(secret)
    record = KeyRecord(
        id="key_" + secrets.token_hex(12),
        name=name,
        hash=sha256(key.encode()).hexdigest(),
        created_at=(now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    return NewKey(key, record)


def checksum(secret: str) -> str:
    """The end of a key, by which scanners know a leaked one: CRC-32 of what precedes it, in base 62."""
    number = zlib.crc32(secret.encode())
    digits = ""
    for _ in range(_CHECKSUM_CHARACTERS):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def parse_records(text: str) -> list[KeyRecord]:
    """The records of PROMPTSTUDIO_KEYS or keys.json; raises KeysError."""
    try:
        rows = json.loads(text)
    except ValueError:
        raise KeysError("The API keys are not JSON.") from None
    if not isinstance(rows, list):
        raise KeysError("The API keys are not a JSON array.")
    return [_record(row, index) for index, row in enumerate(rows)]


def _record(row: object, index: int) -> KeyRecord:
    if isinstance(row, dict):
        members = [row.get(name, "") for name in KeyRecord.__slots__]
        if all(isinstance(member, str) for member in members):
            record = KeyRecord(*members)
            if _HASH.fullmatch(record.hash):
                return record
    message = f"API key {index} lacks a SHA-256 in 64 hexadecimal digits."
    raise KeysError(message)


def print_records(records: Iterable[KeyRecord]) -> str:
    """The JSON text that parse_records reads."""
    return json.dumps([asdict(record) for record in records], indent=2) + "\n"
