"""Changes that touch more than what their caller has seen."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import Conflict

_ATTEMPTS: Final = 5

_T = TypeVar("_T")


async def settled(change: Callable[[], Awaitable[_T]]) -> _T:
    """Make a change, and make it anew where somebody else wrote between its reading and its writing.

    `change` reads what it changes and holds it to its caller's ETag: if that is what the others changed, it
    ends with `stale` itself. Raises PlatformError stale where the others do not stop.
    """
    for _ in range(_ATTEMPTS):
        try:
            return await change()
        except Conflict:
            continue
    raise PlatformError("stale")
