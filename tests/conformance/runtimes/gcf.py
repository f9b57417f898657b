"""The generated Google Cloud function in Functions Framework, with the packages that it pins and no other."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from promptstudio_generators.targets import generate
from promptstudio_generators.targets.options import StoreName, TargetOptions
from promptstudio_generators.write import write
from tests.conformance.runtimes import Address, Deployment, Runtime
from tests.conformance.runtimes.driver import Driver, drive
from tests.generators.install_python_tools import python

_DRIVER: Final = Path(__file__).with_name("gcf_driver.py")
_PACKAGES: Final[dict[StoreName, str]] = {"none": "gcf", "upstash": "gcf-upstash"}


class _FunctionsFramework:
    """A driver for each set of packages, started when it is first needed; they end with `stack`."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._drivers: dict[StoreName, Driver] = {}
        self._project = stack.enter_context(ExitStack())
        self._up: tuple[Deployment, Address] | None = None

    def deploy(self, deployment: Deployment) -> Address:
        """Many cases share a project: what is up already stays up."""
        if self._up is None or self._up[0] != deployment:
            self._up = (deployment, self._replace(deployment))
        return self._up[1]

    def _replace(self, deployment: Deployment) -> Address:
        store: StoreName = "upstash" if deployment.store in ("empty", "refused") else "none"
        self._project.close()  # at once: a disk removes old files slowly
        folder = self._project.enter_context(tempfile.TemporaryDirectory())
        files = generate("gcf", deployment.bundle, TargetOptions(name="conformance", store=store))
        write(files, Path(folder))
        return self._driver(store).ask({"folder": folder, "environ": dict(deployment.environ)})

    def _driver(self, store: StoreName) -> Driver:
        if store not in self._drivers:
            command = [str(python(_PACKAGES[store])), "-I", str(_DRIVER)]
            self._drivers[store] = self._stack.enter_context(drive(command))
        return self._drivers[store]


@contextmanager
def start() -> Iterator[Runtime]:
    with ExitStack() as stack:
        yield _FunctionsFramework(stack)
