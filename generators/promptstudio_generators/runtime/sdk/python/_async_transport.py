"""The seam between a client and the HTTP library under it. Times are in seconds; None is no limit."""

from collections.abc import Mapping
from typing import Protocol

from ._transport import Request


class AsyncResponse(Protocol):
    """An answer whose body is still to come. Names of headers are in lower case."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    async def chunk(self, within: float | None) -> bytes:
        """The next bytes of the body, b"" at its end.

        Raises TransportTimeoutError where none come in time, TransportError where the connection breaks or
        the body is not whole.
        """
        ...

    async def aclose(self) -> None:
        """Close the connection, unless the body was read to its end. May be called again."""
        ...


class AsyncTransport(Protocol):
    """Sends requests. Redirects are not followed, and nothing is sent twice."""

    async def send(self, request: Request, *, connect: float | None, within: float | None) -> AsyncResponse:
        """The answer, as soon as its headers are there.

        Raises TransportTimeoutError where that takes longer than `within`, or connecting longer than
        `connect`, and TransportError.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait. What cancels the caller ends it."""
        ...

    async def aclose(self) -> None:
        """Close all connections that are this transport's own."""
        ...
