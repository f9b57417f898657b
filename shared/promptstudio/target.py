"""What a generated Python project runs: its bundle, for whoever its environment lets in."""

from collections.abc import Mapping
from pathlib import Path

import orjson

from promptstudio.endpoint.app import Endpoint
from promptstudio.endpoint.bundle_gate import BundleGate
from promptstudio.endpoint.gate import Journal
from promptstudio.endpoint.keys import KeyRing
from promptstudio.providers.transport import Transport
from promptstudio.settings import parse_settings


def open_endpoint(bundle: Path, environ: Mapping[str, str], journal: Journal | None = None) -> Endpoint:
    """The endpoint of a bundle's file. Without PROMPTSTUDIO_KEYS it answers to nobody.

    Raises SettingsError, KeysError, or ValueError where the bundle's format is not ours.
    """
    settings = parse_settings(environ)
    keys = KeyRing.parse(settings.keys) if settings.keys and settings.keys.strip() else KeyRing(())
    gate = BundleGate(orjson.loads(bundle.read_bytes()), Transport(environ), keys)
    gate.journal = journal
    return Endpoint(gate, settings)
