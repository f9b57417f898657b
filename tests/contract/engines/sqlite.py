"""SQLite: a file for each space."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from promptstudio.storage.port import Store
from promptstudio.storage.retry import RETRY, Retry
from promptstudio.storage.sqlite import SqliteStore
from tests.contract.engines import Address, Engine, Way


class _Space:
    def __init__(self, file: Path) -> None:
        self._file = file
        self.words = ["sqlite", str(file)]

    def open(self, *, now: Callable[[], float], retry: Retry = RETRY, via: Way | None = None) -> Store:
        return SqliteStore(self._file, now=now)


class _Sqlite:
    address: Address | None = None

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._spaces = 0

    def space(self) -> _Space:
        self._spaces += 1
        return _Space(self._folder / f"{self._spaces}.sqlite")


@contextmanager
def start() -> Iterator[Engine]:
    with TemporaryDirectory() as folder:
        yield _Sqlite(Path(folder))
