"""The generated Lambda project as Lambda runs it: run.sh under AWS's own Web Adapter, which asks a stub of
the Runtime API for the events that a stub of API Gateway makes. Each instance of the function has one at a
time."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Final
from urllib.error import URLError
from urllib.request import urlopen

import yaml

from promptstudio_generators.targets import generate
from promptstudio_generators.targets.options import StoreName, TargetOptions
from promptstudio_generators.write import write
from tests.conformance.runtimes import Address, Deployment, Runtime
from tests.conformance.runtimes.install_web_adapter import binary
from tests.conformance.runtimes.lambda_stub import LambdaStub
from tests.generators.install_python_tools import lambda_packages, python

_START_S: Final = 20.0
_MAX_INSTANCES: Final = 4
_SANDBOX: Final = {
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_LAMBDA_FUNCTION_NAME": "conformance",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_LOG_GROUP_NAME": "conformance",
    "AWS_LAMBDA_LOG_STREAM_NAME": "conformance",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_REGION": "eu-central-1",
    "POWERTOOLS_SERVICE_NAME": "conformance",
}


class _Lambda:
    def __init__(self) -> None:
        self._up: tuple[Deployment, Address] | None = None
        self._sandbox = ExitStack()

    def deploy(self, deployment: Deployment) -> Address:
        """Many cases share a project: what is up already stays up."""
        deployment = replace(deployment, at_once=min(deployment.at_once, _MAX_INSTANCES))
        if self._up is None or self._up[0] != deployment:
            self._up = None
            self._up = (deployment, self._replace(deployment))
        return self._up[1]

    def _replace(self, deployment: Deployment) -> Address:
        self._sandbox.close()
        folder = Path(self._sandbox.enter_context(tempfile.TemporaryDirectory()))
        store: StoreName = "none" if deployment.store == "none" else "dynamodb"
        write(generate("aws-sam", deployment.bundle, TargetOptions(name="conformance", store=store)), folder)
        return self._sandbox.enter_context(sandbox(folder, deployment.environ, deployment.at_once))

    def stop(self) -> None:
        self._sandbox.close()


@contextmanager
def sandbox(
    project: Path, environ: Mapping[str, str], instances: int = 1, log: IO[bytes] | int = subprocess.DEVNULL
) -> Iterator[Address]:
    """Instances of the project's function, and a gateway in front of them. `log` gets their output."""
    with LambdaStub() as stub, ExitStack() as processes:
        told = {
            **variables(project),
            **environ,
            **_SANDBOX,
            "AWS_LAMBDA_RUNTIME_API": stub.runtime_api,
            "PATH": f"{python('aws-sam').parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(lambda_packages()),
        }
        ports = [_free_port() for _ in range(instances)]
        for port in ports:
            processes.enter_context(instance(project, {**told, "AWS_LWA_PORT": str(port)}, log))
        for port in ports:
            _wait_until_healthy(port)
        yield Address("127.0.0.1", stub.port)


@contextmanager
def instance(project: Path, environ: Mapping[str, str], log: IO[bytes] | int) -> Iterator[None]:
    """The project's server, and the Web Adapter that passes on to it what the Runtime API has."""
    with running([str(project / "src" / "run.sh")], environ, log), running([str(binary())], environ, log):
        yield


def variables(project: Path) -> dict[str, str]:
    """The variables of the template's function that hold text."""
    template = yaml.load((project / "template.yaml").read_text("utf-8"), _Loader)
    given: dict[str, Any] = template["Resources"]["Function"]["Properties"]["Environment"]["Variables"]
    return {name: value for name, value in given.items() if isinstance(value, str)}


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short functions as None."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


@contextmanager
def running(command: list[str], environ: Mapping[str, str], log: IO[bytes] | int) -> Iterator[None]:
    process = subprocess.Popen(command, env=dict(environ), stdout=log, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # as Lambda ends a sandbox
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _wait_until_healthy(port: int) -> None:
    end = time.monotonic() + _START_S
    while True:
        try:
            urlopen(f"http://127.0.0.1:{port}/health", timeout=_START_S).close()
        except (URLError, ConnectionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def start() -> Iterator[Runtime]:
    runtime = _Lambda()
    try:
        yield runtime
    finally:
        runtime.stop()
