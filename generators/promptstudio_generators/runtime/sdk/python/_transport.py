"""What the clients and the HTTP libraries under them have in common."""

from collections.abc import Mapping
from typing import NamedTuple


class Request(NamedTuple):
    """A POST."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class TransportError(Exception):
    """No connection, or one that broke. The text says which, and holds no secret."""


class TransportTimeoutError(TransportError):
    """The time that was given ran out."""
