"""The generated Google Cloud function in Functions Framework, with the packages that it pins and no other."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from promptstudio_generators.targets import generate
from promptstudio_generators.targets.options import TargetOptions
from promptstudio_generators.write import write
from tests.conformance.runtimes import Address, Deployment, Runtime
from tests.conformance.runtimes.driver import Driver, drive
from tests.generators.install_python_tools import python

_DRIVER: Final = Path(__file__).with_name("gcf_driver.py")


class _FunctionsFramework:
    def __init__(self, driver: Driver, folder: Path) -> None:
        self._driver = driver
        self._folder = folder
        self._up: tuple[Deployment, Address] | None = None
        self._count = 0

    def deploy(self, deployment: Deployment) -> Address:
        """Many cases share a project: what is up already stays up."""
        if self._up is None or self._up[0] != deployment:
            self._up = (deployment, self._replace(deployment))
        return self._up[1]

    def _replace(self, deployment: Deployment) -> Address:
        self._count += 1
        folder = self._folder / str(self._count)
        write(generate("gcf", deployment.bundle, TargetOptions(name="conformance")), folder)
        return self._driver.ask({"folder": str(folder), "environ": dict(deployment.environ)})


@contextmanager
def start() -> Iterator[Runtime]:
    with (
        tempfile.TemporaryDirectory() as folder,
        drive([str(python("gcf")), "-I", str(_DRIVER)]) as driver,
    ):
        yield _FunctionsFramework(driver, Path(folder))
