"""The chain of a workspace's audit log: what an entry is as a line, and what holds a line to the one before.

A line is the canonical JSON (RFC 8785) of an entry. Its `previous` is the SHA-256 of the whole line before
it, so that a hash that was noted elsewhere fixes all lines up to that one. Its `mac` is an HMAC-SHA-256 with
a key that is not in the store, so that whoever can write the store cannot write a line. A last line tells how
far the log went when it was exported, and has a mac too.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from promptstudio.values import InvalidJsonError, Json, canonical, loads

KEY_BYTES: Final = 32
LINE_BYTES: Final = 1 << 20

_PURPOSE: Final = b"promptstudio audit log "
_ENTRY: Final = b"promptstudio audit entry\0"
_HEAD: Final = b"promptstudio audit head\0"
_DIGITS: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log goes: the number of its last entry, and the hash of that line in hexadecimal."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @staticmethod
    def parse(text: str) -> "Head":
        """The head that is written as `NUMBER:HASH`; raises ValueError."""
        number, _, digest = text.strip().partition(":")
        if not (number.isascii() and number.isdecimal() and len(number) <= 15 and is_digest(digest)):
            raise ValueError(f"{text!r} is no head of an audit log: it is written NUMBER:HASH")
        return Head(int(number), digest)


START: Final = Head(0, "0" * 64)
"""The head of a log without entries."""


@dataclass(frozen=True, slots=True)
class EntryLine:
    """A line that has the form of an entry. Whether it is genuine is for `is_genuine` to say."""

    members: Mapping[str, Json]
    seq: int
    workspace: str
    previous: str
    hash: str

    def is_genuine(self, key: bytes) -> bool:
        return hmac.compare_digest(_mac(key, _ENTRY, self.members), str(self.members["mac"]))


@dataclass(frozen=True, slots=True)
class HeadLine:
    """A line that has the form of the last one of an export."""

    members: Mapping[str, Json]
    head: Head
    workspace: str

    def is_genuine(self, key: bytes) -> bool:
        return hmac.compare_digest(_mac(key, _HEAD, self.members), str(self.members["mac"]))


def workspace_key(secret: bytes, workspace: str) -> bytes:
    """The key of one workspace's log, which tells nothing of the secret and of others' keys."""
    info = _PURPOSE + workspace.encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


def entry_line(key: bytes, previous: Head, members: Mapping[str, Json]) -> tuple[str, Head]:
    """The line that goes on behind `previous`, and the head that it is.

    `members` are an entry's, without `seq`, `previous` and `mac`. Raises InvalidJsonError where they are no
    JSON.
    """
    entry = {**members, "seq": previous.seq + 1, "previous": previous.hash}
    line = _signed(key, _ENTRY, entry)
    return line.decode(), Head(previous.seq + 1, _digest(line))


def head_line(key: bytes, workspace: str, head: Head, at: str) -> str:
    """The line that ends an export which goes up to `head`."""
    told: dict[str, Json] = {"at": at, "hash": head.hash, "seq": head.seq, "workspace": workspace}
    return _signed(key, _HEAD, {"head": told}).decode()


def read_line(line: bytes) -> EntryLine | HeadLine | None:
    """A line, without its newline; None for what we would never write, in another spelling too."""
    if len(line) > LINE_BYTES:
        return None
    try:
        value = loads(line)
    except InvalidJsonError:
        return None
    if not isinstance(value, dict) or not is_digest(value.get("mac")) or canonical(value) != line:
        return None
    return _head(value) if "head" in value else _entry(value, line)


def is_digest(value: object) -> bool:
    """Whether this is a SHA-256 in hexadecimal."""
    return isinstance(value, str) and len(value) == 64 and _DIGITS.issuperset(value)


def _entry(value: dict[str, Json], line: bytes) -> EntryLine | None:
    seq, workspace, previous = value.get("seq"), value.get("workspace"), value.get("previous")
    if type(seq) is not int or seq < 1 or not isinstance(workspace, str) or not is_digest(previous):
        return None
    return EntryLine(value, seq, workspace, str(previous), _digest(line))


def _head(value: dict[str, Json]) -> HeadLine | None:
    told = value["head"]
    if value.keys() != {"head", "mac"} or not isinstance(told, dict):
        return None
    seq, workspace, digest = told.get("seq"), told.get("workspace"), told.get("hash")
    if type(seq) is not int or seq < 0 or not isinstance(workspace, str) or not is_digest(digest):
        return None
    return HeadLine(value, Head(seq, str(digest)), workspace)


def _signed(key: bytes, purpose: bytes, members: Mapping[str, Json]) -> bytes:
    # Read again, as numbers are printed as they are read: what verifies has only the line.
    plain = cast("dict[str, Json]", loads(canonical(dict(members))))
    return canonical({**plain, "mac": _mac(key, purpose, plain)})


def _mac(key: bytes, purpose: bytes, members: Mapping[str, Json]) -> str:
    signed = {name: value for name, value in members.items() if name != "mac"}
    return hmac.new(key, purpose + canonical(signed), hashlib.sha256).hexdigest()


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
