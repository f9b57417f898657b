"""The generated Cloudflare project in workerd: a Node process bundles each case's code and runs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from promptstudio_generators.targets import generate
from promptstudio_generators.targets.options import StoreName, TargetOptions
from tests.conformance.runtimes import Address, Deployment, Runtime
from tests.conformance.runtimes.driver import Driver, drive

_DRIVER: Final = Path(__file__).with_name("workerd.mjs")
_NODE_TOOLS: Final = Path(__file__).parents[2] / "node" / "package.json"


class _Workerd:
    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._up: tuple[Deployment, Address] | None = None

    def deploy(self, deployment: Deployment) -> Address:
        """Many cases share a project: what is up already stays up, as that is most of a case's time."""
        if self._up is None or self._up[0] != deployment:
            self._up = (deployment, self._replace(deployment))
        return self._up[1]

    def _replace(self, deployment: Deployment) -> Address:
        store: StoreName | None = "none" if deployment.store == "none" else None
        files = generate("cloudflare", deployment.bundle, TargetOptions("conformance", store=store))
        down = deployment.store == "refused"
        return self._driver.ask({"files": files, "bindings": dict(deployment.environ), "storeDown": down})


@contextmanager
def start() -> Iterator[Runtime]:
    with drive(["node", str(_DRIVER), str(_NODE_TOOLS)]) as driver:
        yield _Workerd(driver)
