"""requests under the synchronous client. It is imported with the first call."""

import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ._transport import Request, TransportError, TransportTimeoutError
from ._watch import Watched

if TYPE_CHECKING:
    import requests

_MOST: Final = 65536
_CONNECTIONS: Final = 100


class RequestsResponse:
    """An answer of requests. `patience` is how long it waits for each piece itself, in seconds."""

    __slots__ = ("_response", "_watched", "headers")

    def __init__(self, response: "requests.Response", patience: float | None) -> None:
        self._response = response
        self._watched = Watched(
            patience, lambda: _descriptor(response), lambda seconds: _extend(response, seconds)
        )
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}

    @property
    def status(self) -> int:
        return self._response.status_code

    def chunk(self, within: float | None) -> bytes:
        return self._watched.read(self._next, within)

    def _next(self) -> bytes:
        try:
            with _as_transport_errors():
                # Not `iter_content`: it waits until as much has come as it was asked for.
                return bytes(self._response.raw.read1(_MOST, decode_content=True))
        except AttributeError as error:
            # urllib3 lets go of what it reads from as soon as another thread closes it.
            if self._watched.is_closed:
                raise TransportError("The answer was closed.") from error
            raise

    def close(self) -> None:
        self._watched.close(self._response.close)


class RequestsTransport:
    """Sends requests through a session that was given, which stays open, or one of its own."""

    __slots__ = ("_given", "_lock", "_own", "_proxy")

    def __init__(self, given: "requests.Session | None", proxy: str | None) -> None:
        self._given = given
        self._proxy = proxy
        self._own: requests.Session | None = None
        self._lock = threading.Lock()

    def send(self, request: Request, *, connect: float | None, within: float | None) -> RequestsResponse:
        session = self._session()
        with _as_transport_errors():
            response = session.post(
                request.url,
                data=request.body,
                headers=dict(request.headers),
                auth=_as_it_is,
                timeout=(connect, within),
                allow_redirects=False,
                stream=True,
                proxies=None if self._proxy is None else {"http": self._proxy, "https": self._proxy},
            )
        return RequestsResponse(response, within)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def _session(self) -> "requests.Session":
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None:
                self._own = _open()
            return self._own

    def close(self) -> None:
        with self._lock:
            own, self._own = self._own, None
        if own is not None:
            own.close()


def _open() -> "requests.Session":
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))
    return session


def _as_it_is(request: "requests.PreparedRequest") -> "requests.PreparedRequest":
    # Without an `auth` of ours, an entry in ~/.netrc would take the place of the API key.
    return request


def _descriptor(response: "requests.Response") -> int | None:
    try:
        return int(response.raw.fileno())
    except (AttributeError, OSError, ValueError):
        return None


def _extend(response: "requests.Response", seconds: float | None) -> bool:
    """urllib3 sets its limit once, before the headers, and has no word for another one: the socket has."""
    try:
        # Not `raw.connection.sock`: that is gone where the answer says `Connection: close`.
        response.raw._fp.fp.raw._sock.settimeout(seconds)  # noqa: SLF001
    except (AttributeError, OSError):
        return False
    return True


@contextmanager
def _as_transport_errors() -> Generator[None, None, None]:
    """Raises TransportError and TransportTimeoutError in place of what requests and urllib3 raise."""
    import requests
    import urllib3

    try:
        yield
    except requests.exceptions.ConnectTimeout as error:
        raise TransportTimeoutError("The endpoint could not be reached in time.") from error
    except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError) as error:
        raise TransportTimeoutError("The endpoint did not answer in time.") from error
    except (
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        OSError,
        ValueError,
    ) as error:
        raise TransportError(f"The connection broke: {error}") from error
