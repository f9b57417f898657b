"""An answer as it came over the wire."""

from collections.abc import Mapping
from typing import Generic, TypeVar, cast

from ._wire import Head, read_answer

A = TypeVar("A")


class RawResponse(Generic[A]):
    """A 2xx answer: its status, headers (names in lower case) and bytes, and how many requests it took."""

    __slots__ = ("_head", "content")

    def __init__(self, head: Head, content: bytes) -> None:
        self._head = head
        self.content = content

    @property
    def status_code(self) -> int:
        return self._head.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._head.headers

    @property
    def request_id(self) -> str | None:
        """What the endpoint's logs know the request by."""
        return self._head.request_id

    @property
    def attempts(self) -> int:
        return self._head.attempts

    def parse(self) -> A:
        """The answer; raises UnexpectedResponseError where the bytes are none."""
        return cast("A", read_answer(self._head, self.content))

    def __repr__(self) -> str:
        return f"RawResponse(status_code={self.status_code}, {len(self.content)} bytes)"
