"""What a generated Python project runs: its bundle, for whoever its environment lets in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.gate import Journal
from promptstudio.endpoint.keys import KeyRing
from promptstudio.providers.transport import Transport
from promptstudio.settings import Settings, parse_settings

if TYPE_CHECKING:
    from promptstudio.storage.port import Store


@dataclass(frozen=True, slots=True)
class Target:
    """A bundle's server."""

    endpoint: Endpoint
    gate: BundleGate

    def admit(self, environ: Mapping[str, str]) -> None:
        """Let in whoever this environment says from now on; raises SettingsError or KeysError."""
        self.gate.keys = _keys(parse_settings(environ))


def open_target(
    bundle: Path,
    environ: Mapping[str, str],
    journal: Journal | None = None,
    store: "Store | None" = None,
    namespace: str = "endpoint",
) -> Target:
    """The server of a bundle's file. Without PROMPTSTUDIO_KEYS it answers to nobody.

    In the `store`, where there is one, limits are counted and answers kept, under keys that begin with
    `namespace`. Raises SettingsError, KeysError, or ValueError where the bundle's format is not ours or its
    limits have no store to be counted in.
    """
    settings = parse_settings(environ)
    gate = BundleGate(orjson.loads(bundle.read_bytes()), Transport(environ), _keys(settings))
    if store is None and gate.bundle.has_limits():
        raise ValueError("The bundle has limits, and this endpoint has no store to count them in.")
    gate.journal, gate.store, gate.namespace = journal, store, namespace
    return Target(Endpoint(gate, settings), gate)


def _keys(settings: Settings) -> KeyRing:
    return KeyRing.parse(settings.keys) if settings.keys and settings.keys.strip() else KeyRing(())
