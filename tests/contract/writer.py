"""A process that writes pairs to a file and tells each pair once it is acknowledged, until it is killed.

python -m tests.contract.writer FILE
"""

import asyncio
import sys
from pathlib import Path
from typing import Final

from promptstudio.storage.port import ABSENT, Add, Put
from promptstudio.storage.sqlite import SqliteStore

_WRITERS: Final = 8


async def _write(store: SqliteStore, writer: int) -> None:
    number = writer
    while True:
        pair = [Put(pk, f"{number:06}", {}, expect=ABSENT) for pk in ("left", "right")]
        await store.transact([*pair, Add("counted", "pairs", {"n": 1})])
        sys.stdout.write(f"{number:06}\n")
        sys.stdout.flush()
        number += _WRITERS


async def _main(file: Path) -> None:
    store = SqliteStore(file)
    await asyncio.gather(*(_write(store, writer) for writer in range(_WRITERS)))


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
