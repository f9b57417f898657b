"""Which workspace is meant: its address, and the API key that opens it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from promptstudio.endpoint.keys import PREFIX, workspace_of
from promptstudio_cli.errors import CommandError, UsageError

URL_VARIABLE: Final = "PROMPTSTUDIO_URL"
DEFAULT_URL: Final = "http://127.0.0.1:8787"

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Access:
    """`url` has no slash at its end; `variable` is the environment variable that holds the key."""

    url: str
    key: str = field(repr=False)
    variable: str

    @property
    def workspace(self) -> str:
        """What tells this workspace from others, on this server and elsewhere."""
        return f"{self.url}#{workspace_of(PREFIX, self.key)}"

    @property
    def in_the_clear(self) -> bool:
        """Whether the key goes over a network that others may listen to."""
        parts = urlsplit(self.url)
        return parts.scheme == "http" and parts.hostname not in _LOOPBACK


def read_access(url: str | None, variable: str, environ: Mapping[str, str]) -> Access:
    """What --url, --key-env and the environment say; raises UsageError and CommandError."""
    address = (url or environ.get(URL_VARIABLE) or DEFAULT_URL).rstrip("/")
    if not _is_url(address):
        raise UsageError(f'"{address}" is not the address of a workspace.', f"Example: {DEFAULT_URL}")
    key = environ.get(variable, "").strip()
    if not key:
        raise CommandError(
            f"{variable} is not set: it holds the API key of the workspace at {address}.",
            "Make a key there and set the variable to it. The local workspace's are made with: "
            "promptstudio keys create NAME --scopes read,write",
        )
    if workspace_of(PREFIX, key) is None:
        raise CommandError(f"What {variable} holds is no API key of a workspace.", "Copy the key anew.")
    return Access(address, key, variable)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, or an address in brackets that is none
        return False
    plain = not (parts.username or parts.query or parts.fragment) and text.isprintable() and " " not in text
    return parts.scheme in ("http", "https") and named and plain
