"""The generated Vercel project, built and then served as Vercel does it: in the edge runtime, or in Node.

In `make prove` Vercel's own command line builds the first project that the edge runs. The project's script
builds the others: that command calls it too, and leaves the same bytes (test_vercel_tools.py).
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from promptstudio_generators.targets import generate
from promptstudio_generators.targets.options import StoreName, TargetOptions, VercelRuntime
from promptstudio_generators.write import write
from tests.conformance.runtimes import Address, Deployment, Runtime
from tests.conformance.runtimes.driver import Driver, DriverError, drive
from tests.conftest import NODE_MODULES, PROVE, VERCEL

_DRIVER: Final = Path(__file__).with_name("vercel.mjs")
_FUNCTION: Final = Path(".vercel", "output", "functions", "index.func")
_BUILD_S: Final = 120
# The packages are there already, and an installation would change those of the tests.
_LINK: Final = {
    "projectId": "prj_conformance",
    "orgId": "team_conformance",
    "settings": {"framework": None, "nodeVersion": "24.x", "installCommand": ""},
}


class _Vercel:
    def __init__(self, driver: Driver, project: ExitStack, runtime: VercelRuntime) -> None:
        self._driver = driver
        self._project = project
        self._runtime = runtime
        self._up: tuple[Deployment, Address] | None = None

    def deploy(self, deployment: Deployment) -> Address:
        """Many cases share a project: what is up already stays up."""
        if self._up is None or self._up[0] != deployment:
            function = self._function(deployment)
            address = self._driver.ask({"function": str(function), "environ": dict(deployment.environ)})
            self._up = (deployment, address)
        return self._up[1]

    def _function(self, deployment: Deployment) -> Path:
        self._project.close()  # at once: a disk removes old files slowly
        prefix = "promptstudio-vercel-"
        folder = Path(self._project.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))
        store: StoreName = "upstash" if deployment.store in ("empty", "refused") else "none"
        options = TargetOptions("conformance", runtime=self._runtime, store=store)
        write(generate("vercel", deployment.bundle, options), folder)
        # Vercel's command takes seconds.
        return build(folder, with_vercel=PROVE and self._runtime == "edge" and self._up is None)


def build(folder: Path, *, with_vercel: bool) -> Path:
    """Build the project in `folder`; gives the function's own folder."""
    (folder / "node_modules").symlink_to(NODE_MODULES)
    if with_vercel:
        (folder / ".vercel").mkdir()
        (folder / ".vercel" / "project.json").write_text(json.dumps(_LINK))
        command = [str(VERCEL), "build", "--yes", "--global-config", str(folder / ".vercel" / "global")]
    else:
        command = ["node", "build.mjs"]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **_quiet()},
        capture_output=True,
        text=True,
        timeout=_BUILD_S,
        check=False,
    )
    if done.returncode != 0:
        raise DriverError(done.stdout + done.stderr)
    return folder / _FUNCTION


def _quiet() -> Mapping[str, str]:
    return {"CI": "1", "NO_COLOR": "1", "NO_UPDATE_NOTIFIER": "1", "VERCEL_TELEMETRY_DISABLED": "1"}


@contextmanager
def serve(runtime: VercelRuntime) -> Iterator[Runtime]:
    with (
        ExitStack() as project,
        drive(["node", str(_DRIVER), str(NODE_MODULES.parent / "package.json")]) as driver,
    ):
        yield _Vercel(driver, project, runtime)


@contextmanager
def start() -> Iterator[Runtime]:
    with serve("edge") as runtime:
        yield runtime
