"""From a project and an environment to what runs: the only module that chooses adapters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.keys import Keys
from promptstudio.prompts.compile import Compiled, compile_bundle
from promptstudio.prompts.project import Project
from promptstudio.providers.transport import Transport
from promptstudio.settings import Settings
from promptstudio.storage.port import Store
from promptstudio.values import Json

ECHO: Final = "echo/echo"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A bundle's server, for as long as it runs. Close `transport` at its end."""

    endpoint: Endpoint
    gate: BundleGate
    transport: Transport


def compile_project(project: Project, environ: Mapping[str, str], *, dev: bool) -> Compiled:
    """A project's bundle. With `dev`, prompts whose provider's key is missing run on echo."""
    if not dev:
        return compile_bundle(project.sources, project.settings)
    return compile_bundle(
        project.sources,
        project.settings,
        fallback_model=ECHO,
        available=lambda name: bool(environ.get(name, "").strip()),
    )


def wire(
    bundle: Mapping[str, Json],
    settings: Settings,
    keys: Keys | None,
    environ: Mapping[str, str],
    store: Store | None = None,
) -> Deployed:
    """What serves a bundle; the models' keys are read from `environ`. Without a store limits do not hold."""
    transport = Transport(environ)
    gate = BundleGate(bundle, transport, keys)
    gate.store = store
    return Deployed(Endpoint(gate, settings), gate, transport)
