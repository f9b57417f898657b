"""The Vercel project that is generated for Node."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.conformance.runtimes import Runtime
from tests.conformance.runtimes.vercel import serve


@contextmanager
def start() -> Iterator[Runtime]:
    with serve("node") as runtime:
        yield runtime
