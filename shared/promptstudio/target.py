"""What a generated Python project runs: its bundle, for whoever its environment lets in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.gate import Journal
from promptstudio.endpoint.keys import KeyRing
from promptstudio.providers.transport import Transport
from promptstudio.settings import Settings, parse_settings


@dataclass(frozen=True, slots=True)
class Target:
    """A bundle's server."""

    endpoint: Endpoint
    gate: BundleGate

    def admit(self, environ: Mapping[str, str]) -> None:
        """Let in whoever this environment says from now on; raises SettingsError or KeysError."""
        self.gate.keys = _keys(parse_settings(environ))


def open_target(bundle: Path, environ: Mapping[str, str], journal: Journal | None = None) -> Target:
    """The server of a bundle's file. Without PROMPTSTUDIO_KEYS it answers to nobody.

    Raises SettingsError, KeysError, or ValueError where the bundle's format is not ours.
    """
    settings = parse_settings(environ)
    gate = BundleGate(orjson.loads(bundle.read_bytes()), Transport(environ), _keys(settings))
    gate.journal = journal
    return Target(Endpoint(gate, settings), gate)


def _keys(settings: Settings) -> KeyRing:
    return KeyRing.parse(settings.keys) if settings.keys and settings.keys.strip() else KeyRing(())
