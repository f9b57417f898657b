"""A real Redis behind a front that speaks Upstash's REST: a prefix for each space."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from promptstudio.storage.port import Store
from promptstudio.storage.retry import RETRY, Retry
from promptstudio.storage.upstash import UpstashStore
from tests.contract.engines import Address, Engine, Way
from tests.contract.engines.process import running

TOKEN: Final = "a-token-of-the-tests"


class _Space:
    def __init__(self, address: Address, prefix: str) -> None:
        self._address = address
        self._prefix = prefix
        self.words = ["upstash", str(address), prefix]

    def open(self, *, now: Callable[[], float], retry: Retry = RETRY, via: Way | None = None) -> Store:
        way = via or Way(self._address)
        return UpstashStore(
            str(way.address), TOKEN, prefix=self._prefix, answer_s=way.answer_s, now=now, retry=retry
        )


class _Upstash:
    def __init__(self, address: Address) -> None:
        self.address: Address | None = address
        self._address = address
        self._spaces = 0

    def space(self) -> _Space:
        self._spaces += 1
        return _Space(self._address, f"{self._spaces}:")


@contextmanager
def start() -> Iterator[Engine]:
    with TemporaryDirectory() as folder:
        socket = str(Path(folder) / "redis.sock")
        redis = ["redis-server", "--port", "0", "--unixsocket", socket, "--dir", folder]
        redis += ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]
        front = [sys.executable, "-m", "tests.contract.engines.upstash_front", socket, TOKEN]
        with running(redis, "ready to accept"), running(front, "listening on") as line:
            yield _Upstash(Address("127.0.0.1", int(line.split()[-1])))
