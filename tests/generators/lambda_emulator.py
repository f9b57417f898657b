"""A built Lambda project under AWS's Web Adapter in AWS's Runtime Interface Emulator, which comes with the
SAM CLI."""

import os
import platform
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.conformance.runtimes.aws_sam import variables
from tests.conformance.runtimes.install_web_adapter import binary
from tests.contract.engines.process import free_port
from tests.generators.install_python_tools import SAM, lambda_packages

_START_S: Final = 20.0
_STOP_S: Final = 10.0
_INVOKE: Final = "/2015-03-31/functions/function/invocations"


def emulator() -> Path:
    """The emulator for this machine."""
    machine = "arm64" if platform.machine() == "aarch64" else "x86_64"
    (found,) = SAM.parents[1].rglob(f"samcli/local/rapid/aws-lambda-rie-{machine}")
    return found


@contextmanager
def emulated(
    project: Path, built: Path, python: Path, folder: Path, environ: Mapping[str, str]
) -> Iterator[str]:
    """The project, whose function was built for this machine; yields the URL that takes events.

    `folder` is empty. The adapter is started beside the server, as the layer's bootstrap would.
    """
    (folder / "python").symlink_to(python)
    bootstrap = folder / "bootstrap"
    bootstrap.write_text(f'#!/bin/bash\n"{built}/run.sh" &\nexec "{binary()}"\n')
    bootstrap.chmod(0o755)
    invoke, runtime = (f"127.0.0.1:{free_port()}" for _ in range(2))
    told = {
        **variables(project),
        "AWS_LAMBDA_FUNCTION_NAME": "emulated",
        "AWS_LWA_PORT": str(free_port()),
        "AWS_REGION": "eu-central-1",
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PYTHONPATH": str(lambda_packages()),
        **environ,
    }
    addresses = ["--runtime-interface-emulator-address", invoke, "--runtime-api-address", runtime]
    with subprocess.Popen([str(emulator()), *addresses, str(bootstrap)], env=told) as process:
        try:
            _wait_until_listening(invoke, process)
            yield f"http://{invoke}{_INVOKE}"
        finally:
            process.send_signal(signal.SIGTERM)  # then it ends what it has started
            process.wait(_STOP_S)


def _wait_until_listening(address: str, process: "subprocess.Popen[bytes]") -> None:
    host, port = address.split(":")
    while process.poll() is None:
        try:
            socket.create_connection((host, int(port)), timeout=_START_S).close()
        except ConnectionRefusedError:
            continue
        return
    raise RuntimeError(f"the emulator ended with {process.returncode}")


def build(project: Path, python: Path, built: Path) -> None:
    """What `sam build` leaves, by the project's own Makefile, with packages for this machine."""
    source = shutil.copytree(project / "src", built.with_name("source"))
    makefile = source / "Makefile"
    lines = [line for line in makefile.read_text("utf-8").splitlines() if "--platform" not in line]
    text = "\n".join(lines).replace("--implementation cp --python-version 3.13 ", "") + "\n"
    makefile.write_text(text, encoding="utf-8")
    built.mkdir()
    command = ["make", "--silent", "build-Function", f"PYTHON={python}", f"ARTIFACTS_DIR={built}"]
    subprocess.run(command, cwd=source, check=True)
