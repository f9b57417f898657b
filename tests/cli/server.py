"""A `promptstudio serve` or `dev` of its own process, on a port of its own."""

import json
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.cli.command import COMMAND, environment

TIMEOUT_S = 60
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


class Server:
    """Started and answering inside the `with`; `said` is what it has printed so far."""

    def __init__(self, folder: Path, *arguments: str, **extra: str) -> None:
        self.said: list[str] = []
        self._process = subprocess.Popen(
            [COMMAND, *arguments, "--port", "0"],
            cwd=folder,
            env=environment(extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        self.address = ADDRESS.search(self.wait_for("http://"))[0]  # type: ignore[index]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.stop(signal.SIGTERM)

    def wait_for(self, text: str) -> str:
        """The next line that holds `text`."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said.append(line)
            if text in line:
                return line
        message = f"{text!r} was never printed, but {self.said}"
        raise AssertionError(message)

    def stop(self, signal_number: int) -> int:
        """The exit code after a signal; all that is printed until then is in `said`."""
        self._process.send_signal(signal_number)
        rest, _ = self._process.communicate(timeout=TIMEOUT_S)
        self.said.append(rest)
        return self._process.returncode

    def get(self, path: str) -> Any:
        with urlopen(self.address + path, timeout=TIMEOUT_S) as response:
            return json.load(response)

    def run(self, name: str, body: Mapping[str, object], key: str = "") -> tuple[int, str]:
        """Status and body of a run."""
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        url = f"{self.address}/v1/prompts/{name}/run"
        try:
            with urlopen(
                Request(url, json.dumps(dict(body)).encode(), headers), timeout=TIMEOUT_S
            ) as response:
                return response.status, response.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()
