"""A process that puts deployments up: it reads a JSON line for each and answers with one."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.conformance.runtimes import Address

_END_S = 20


class DriverError(RuntimeError):
    """The process could not put a deployment up. The text is its own."""


class Driver:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, question: dict[str, object]) -> Address:
        """Where what was put up answers; raises DriverError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer: dict[str, str] = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            raise DriverError(answer["error"])
        url = urlsplit(answer["url"])
        return Address(str(url.hostname), int(url.port or 80))


@contextmanager
def drive(command: Sequence[str]) -> Iterator[Driver]:
    """The driver that this command starts; it takes the end of its input for its own."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Driver(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=_END_S)
