"""moto, AWS as far as it can be had in Python: for the breadth of DynamoDB's answers, not for concurrency."""

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.contract.engines import Address, Engine
from tests.contract.engines.process import running
from tests.contract.engines.tables import Tables

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


@contextmanager
def start() -> Iterator[Engine]:
    with running([sys.executable, "-m", __name__], "listening on") as line:
        tables = Tables(Address("127.0.0.1", int(line.split()[-1])))
        yield tables
        tables.client.close()


def _serve() -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    moto = DomainDispatcherApplication(create_backend_app)
    lock = threading.Lock()

    def one_at_a_time(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        # A transaction that fails puts back a copy of the table, without what other threads wrote meanwhile.
        with lock:
            return list(moto(environ, start_response))

    class Handler(WSGIRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    server = make_server("127.0.0.1", 0, one_at_a_time, threaded=True, request_handler=Handler)
    sys.stdout.write(f"listening on {server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    _serve()
