"""What an SDK is told beside the bundle."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Mode = Literal["sync", "async", "both"]
Transport = Literal["httpx2", "requests", "aiohttp"]

MODES: Final[tuple[Mode, ...]] = ("sync", "async", "both")
TRANSPORTS: Final[tuple[Transport, ...]] = ("httpx2", "requests", "aiohttp")

# What a client does not do cannot be asked of it: requests makes no asynchronous calls, aiohttp no others.
_ONE_MODE: Final[Mapping[Transport, Mode]] = {"requests": "sync", "aiohttp": "async"}

# PEP 440 and semantic versioning both read these, and mean the same by them.
_VERSION: Final = re.compile(r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})", re.ASCII)


class SdkOptionsError(ValueError):
    """Options that no package can be made with. The text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class SdkOptions:
    """`name` is the package's, in whatever form: "Acme Prompts" is acme-prompts and AcmePrompts.

    `prompts` are the names of those to include; empty, all are. Calls send the `label`, or, without one, the
    version that the bundle has for a prompt. `mode` and `transport` are for Python alone.
    """

    name: str
    package_version: str = "0.1.0"
    prompts: tuple[str, ...] = ()
    label: str | None = None
    mode: Mode = "both"
    transport: Transport = "httpx2"

    def __post_init__(self) -> None:
        """Raises SdkOptionsError."""
        if not _VERSION.fullmatch(self.package_version):
            raise SdkOptionsError(f"{self.package_version!r} is not a version such as 1.2.0.")
        if self.transport in _ONE_MODE and self.mode != _ONE_MODE[self.transport]:
            raise SdkOptionsError(f"{self.transport} goes with the mode {_ONE_MODE[self.transport]} alone.")


def default_mode(transport: Transport) -> Mode:
    """What a transport is used for where nobody says."""
    return _ONE_MODE.get(transport, "both")
