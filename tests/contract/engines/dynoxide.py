"""dynoxide, an open-source engine that speaks DynamoDB's protocol: for concurrency, and a second opinion."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.contract.engines import Address, Engine
from tests.contract.engines.install_dynoxide import binary
from tests.contract.engines.process import free_port, running
from tests.contract.engines.tables import Tables


@contextmanager
def start() -> Iterator[Engine]:
    port = free_port()
    with running([str(binary()), "serve", "--host", "127.0.0.1", "--port", str(port)], "listening on"):
        tables = Tables(Address("127.0.0.1", port))
        yield tables
        tables.client.close()
