"""The packages that the tests call: one for each HTTP library, generated and imported once."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from promptstudio_generators.sdks import generate_sdk
from promptstudio_generators.sdks.options import SdkOptions, Transport, default_mode
from promptstudio_generators.write import write
from tests.generators.sdk.bundles import bundle_of
from tests.generators.sdk.endpoints import PROMPTS


@dataclass(frozen=True, slots=True)
class Variant:
    """An HTTP library, and which of its clients."""

    transport: Transport
    is_async: bool

    def __str__(self) -> str:
        return f"{self.transport}-{'async' if self.is_async else 'sync'}"


VARIANTS: Final = (
    Variant("httpx2", is_async=False),
    Variant("httpx2", is_async=True),
    Variant("requests", is_async=False),
    Variant("aiohttp", is_async=True),
)


def options_of(transport: Transport) -> SdkOptions:
    return SdkOptions(name=f"Acme {transport}", transport=transport, mode=default_mode(transport))


@cache
def package(transport: Transport) -> ModuleType:
    """The package that calls through this library, imported. It stays until the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="promptstudio-sdk-")
    _FOLDERS.append(folder)
    write(generate_sdk("python", bundle_of(PROMPTS), options_of(transport)), Path(folder.name))
    with importable(Path(folder.name) / "src"):
        return import_module(f"acme_{transport}")


_FOLDERS: Final[list[tempfile.TemporaryDirectory[str]]] = []


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Modules in the folder can be imported; those that were already stay."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
