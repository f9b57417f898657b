"""The generated Cloudflare project in workerd: a Node process bundles each case's code and runs it."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from promptstudio_generators.targets import generate
from promptstudio_generators.targets.options import TargetOptions
from tests.conformance.runtimes import Address, Deployment, Runtime

_DRIVER: Final = Path(__file__).with_name("workerd.mjs")
_NODE_TOOLS: Final = Path(__file__).parents[2] / "node" / "package.json"


class DriverError(RuntimeError):
    """The Node process could not put a deployment up. The text is its own."""


class _Workerd:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._up: tuple[Deployment, Address] | None = None

    def deploy(self, deployment: Deployment) -> Address:
        """Many cases share a project: what is up already stays up, as that is most of a case's time."""
        if self._up is None or self._up[0] != deployment:
            self._up = (deployment, self._replace(deployment))
        return self._up[1]

    def _replace(self, deployment: Deployment) -> Address:
        files = generate("cloudflare", deployment.bundle, TargetOptions(name="conformance"))
        answer = self._ask({"files": files, "bindings": dict(deployment.environ)})
        url = urlsplit(answer["url"])
        return Address(str(url.hostname), int(url.port or 80))

    def _ask(self, question: dict[str, object]) -> dict[str, str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer: dict[str, str] = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            raise DriverError(answer["error"])
        return answer


@contextmanager
def start() -> Iterator[Runtime]:
    command = ["node", str(_DRIVER), str(_NODE_TOOLS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _Workerd(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()  # which the driver takes as the end
            process.wait(timeout=20)
