"""httpx2's errors as this package's."""

from collections.abc import Generator
from contextlib import contextmanager

from ._transport import TransportError, TransportTimeoutError


@contextmanager
def as_transport_errors() -> Generator[None, None, None]:
    """Raises TransportError and TransportTimeoutError in place of what httpx2 raises."""
    import httpx2

    try:
        yield
    except httpx2.ConnectTimeout as error:
        raise TransportTimeoutError("The endpoint could not be reached in time.") from error
    except httpx2.TimeoutException as error:
        raise TransportTimeoutError("The endpoint did not answer in time.") from error
    except (httpx2.ConnectError, httpx2.ProxyError) as error:
        raise TransportError(f"The endpoint could not be reached: {error}") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
        raise TransportError(f"The connection broke: {error}") from error
