"""python every_project.py OUT sorted|reversed: every target with each of its options, from the project around
the current folder into a folder of OUT each; the file system tells names in that order."""

import os
import sys
from collections.abc import Iterator
from itertools import chain, product
from pathlib import Path
from typing import Any, Self

DOMAIN = "prompts.example.com"

_listdir, _scandir = os.listdir, os.scandir


class _Scan:
    """What os.scandir gives, in an order."""

    def __init__(self, entries: list["os.DirEntry[Any]"]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator["os.DirEntry[Any]"]:
        return self._entries

    def __next__(self) -> "os.DirEntry[Any]":
        return next(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """The folder is closed already."""


def order_files(*, reverse: bool) -> None:
    """From now on folders tell their names in this order, as no file system promises any."""

    def listdir(*arguments: Any) -> list[Any]:
        return sorted(_listdir(*arguments), reverse=reverse)

    def scandir(*arguments: Any) -> _Scan:
        with _scandir(*arguments) as entries:
            return _Scan(sorted(entries, key=lambda entry: entry.name, reverse=reverse))

    os.listdir = listdir  # type: ignore[assignment]
    os.scandir = scandir  # type: ignore[assignment]


def every_choice() -> Iterator[tuple[str, list[str]]]:
    """Each target with options of the command, in all their combinations."""
    from promptstudio_generators.targets import TARGETS

    for target, row in TARGETS.items():
        stores = [["--store", store] for store in row.stores]
        domains = [[], ["--domain", DOMAIN]] if row.takes_domain else [[]]
        runtimes = [["--runtime", "edge"], ["--runtime", "node"]] if target == "vercel" else [[]]
        for choice in product(stores, domains, runtimes):
            yield target, list(chain(*choice))


def main(out: Path, order: str) -> None:
    order_files(reverse=order == "reversed")
    from promptstudio_cli.app import app

    for target, options in every_choice():
        folder = out / "".join([target, *options])
        app(["generate", target, "-o", str(folder), *options], standalone_mode=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
