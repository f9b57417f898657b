"""Which sources of the Python SDK's runtime a package carries, and the classes that it is built on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from promptstudio_generators.names.escaped import Escaped, compose
from promptstudio_generators.sdks.options import SdkOptions, Transport

_RUNTIME: Final = files("promptstudio_generators") / "runtime" / "sdk" / "python"

_COMMON: Final = (
    *("_base.py", "_config.py", "_events.py", "_log.py", "_retry.py", "_sse.py", "_transport.py", "_wire.py"),
    *("errors.py", "py.typed", "raw.py", "types.py", "webhooks.py"),
)
_OF_MODE: Final = {
    False: ("_sync_client.py", "_sync_engine.py", "_sync_stream.py", "_sync_transport.py"),
    True: ("_async_client.py", "_async_engine.py", "_async_stream.py", "_async_transport.py"),
}


@dataclass(frozen=True, slots=True)
class _Client:
    """How an HTTP library is used by one kind of client: our module and class, the library's class, and the
    further files that our module needs."""

    module: str
    transport: str
    client: str
    files: tuple[str, ...]


_CLIENTS: Final[Mapping[tuple[Transport, bool], _Client]] = {
    ("httpx2", False): _Client(
        "_sync_httpx2", "Httpx2Transport", "httpx2.Client", ("_httpx2_errors.py", "_watch.py")
    ),
    ("httpx2", True): _Client(
        "_async_httpx2",
        "AsyncHttpx2Transport",
        "httpx2.AsyncClient",
        ("_httpx2_errors.py", "_loops.py", "_time_limit.py"),
    ),
    ("requests", False): _Client("_requests", "RequestsTransport", "requests.Session", ("_watch.py",)),
    ("aiohttp", True): _Client(
        "_aiohttp", "AiohttpTransport", "aiohttp.ClientSession", ("_loops.py", "_time_limit.py")
    ),
}

REQUIREMENTS: Final[Mapping[Transport, tuple[Escaped, ...]]] = {
    "httpx2": (Escaped("httpx2>=2,<3"),),
    # requests is content with a urllib3 that cannot give bytes as they come (`read1`).
    "requests": (Escaped("requests>=2.32,<3"), Escaped("urllib3>=2.2,<3")),
    "aiohttp": (Escaped("aiohttp>=3.10,<4"),),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of calls: its client's class, what that and the prompts' derive from, and its transport."""

    is_async: bool
    prefix: Escaped
    client: Escaped
    base: Escaped
    prompt_base: Escaped
    stream: Escaped
    transport_module: Escaped
    transport: Escaped
    library_client: Escaped

    @property
    def async_(self) -> Escaped:
        """What stands before `def`, `with` and `for`."""
        return Escaped("async " if self.is_async else "")

    @property
    def await_(self) -> Escaped:
        """What stands before a call."""
        return Escaped("await " if self.is_async else "")

    @property
    def calls(self) -> Escaped:
        """What calls are like."""
        return Escaped("to await" if self.is_async else "that wait")


def kinds(options: SdkOptions, client: Escaped) -> list[Kind]:
    """The kinds that a package has. `client` is the name of its client."""
    return [_kind(is_async, options.transport, client) for is_async in _modes(options)]


def _modes(options: SdkOptions) -> tuple[bool, ...]:
    return {"sync": (False,), "async": (True,), "both": (False, True)}[options.mode]


def _kind(is_async: bool, transport: Transport, client: Escaped) -> Kind:
    used = _CLIENTS[transport, is_async]
    prefix = Escaped("Async" if is_async else "")
    return Kind(
        is_async=is_async,
        prefix=prefix,
        client=compose("{}{}", prefix, client),
        base=compose("{}Client", prefix),
        prompt_base=compose("{}Prompt", prefix),
        stream=compose("{}RunStream", prefix),
        transport_module=Escaped(used.module),
        transport=Escaped(used.transport),
        library_client=Escaped(used.client),
    )


def runtime_files(options: SdkOptions) -> dict[str, str]:
    """The sources that a package carries verbatim, by their names."""
    names = set(_COMMON)
    for is_async in _modes(options):
        used = _CLIENTS[options.transport, is_async]
        names |= {*_OF_MODE[is_async], f"{used.module}.py", *used.files}
    return {name: _source(name) for name in sorted(names)}


@cache
def _source(name: str) -> str:
    return (_RUNTIME / name).read_text("utf-8")
