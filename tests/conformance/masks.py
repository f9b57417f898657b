"""What differs from run to run, blanked: ids, hashes, times."""

import re
from typing import Final

from tests.conformance.client import Received

_ID: Final = re.compile(rb"\b(run|req|resp|msg)_[0-9a-f]{16,64}\b")
_HASH: Final = re.compile(rb"\bsha256:[0-9a-f]{64}\b")
_CREATED: Final = re.compile(rb'"(created_at|completed_at|age_s)":\d+')
_DURATION: Final = re.compile(rb"\bdur=[0-9.]+")
_WINDOW_END: Final = re.compile(rb"\bt=([1-9][0-9]*)")
_WAIT: Final = re.compile(rb"\bTry again in ([1-9][0-9]*) seconds")


class Masks:
    """Blanks what a case's answers have of ids and times.

    The first id of a kind becomes `run_*`, the second other one `run_*2`: so it shows which answers are one
    run's. A request's id is always `req_*`.
    """

    def __init__(self) -> None:
        self._ids: dict[bytes, bytes] = {}

    def body(self, data: bytes) -> bytes:
        """A body with every id, hash and time blanked."""
        data = _ID.sub(lambda found: self._number(found[0], found[1]), data)
        data = _HASH.sub(b"sha256:*", data)
        data = _CREATED.sub(rb'"\1":0', data)
        data = _DURATION.sub(b"dur=*", data)
        return _WAIT.sub(b"Try again in * seconds", data)

    def headers(self, received: Received) -> dict[str, str]:
        """The headers with the same blanked, and with how long a limit is to be waited for."""
        masked = {name: self._header(name, value.encode()) for name, value in received.headers.items()}
        if (wait := limit_wait(received)) is not None and masked.get("retry-after") == wait:
            masked["retry-after"] = "*"
        return masked

    def _header(self, name: str, value: bytes) -> str:
        value = self.body(value)
        return (_WINDOW_END.sub(b"t=*", value) if name == "ratelimit" else value).decode()

    def _number(self, found: bytes, kind: bytes) -> bytes:
        if kind == b"req":
            return b"req_*"
        if found not in self._ids:
            known = sum(mask.startswith(kind) for mask in self._ids.values())
            self._ids[found] = b"%b_*%b" % (kind, b"%d" % (known + 1) if known else b"")
        return self._ids[found]


def limit_wait(received: Received) -> str | None:
    """How many seconds an answer says that a limit takes, if one of its windows does end then."""
    found = _WAIT.search(received.body)
    if found is None:
        return None
    wait = found[1].decode()
    ends = _WINDOW_END.findall(received.headers.get("ratelimit", "").encode())
    return wait if wait.encode() in ends else None
