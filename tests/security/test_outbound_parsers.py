"""One URL, one host: what the guard accepts, the client connects to, and no other parser reads otherwise."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import aiohttp
import httpx2
import pytest
from aiohttp import ClientConnectorError, TCPConnector
from hypothesis import given, settings
from hypothesis import strategies as st

from promptstudio.outbound import Guard, SocketAddress, parse_networks
from promptstudio.platform_errors import PlatformError
from tests.security.resolver import Names

GUARD = Guard(parse_networks("127.0.0.0/8"))
PUBLIC = "8.8.8.8"

HOSTS = [
    *("api.example", "API.example.", "127.0.0.1", "127.1", "0x7f.1", "8.8.8.8", "[::1]", "[::ffff:8.8.8.8]"),
    *(
        "[2606:4700::1111]",
        "localhost",
        "xn--a",
        "a_b",
        "a..b",
        "１２７.0.0.1",
        "ⓔ.example",
        "faß.de",
        "a。b",
    ),
]
PIECES = [
    *(
        "http",
        "https",
        "HTTPS",
        "ftp",
        ":",
        "/",
        "//",
        "\\",
        "@",
        "#",
        "?",
        "%",
        "%2f",
        "%40",
        "%00",
        "[",
        "]",
    ),
    *(
        ":80",
        ":443",
        ":0",
        ":8080",
        ":65536",
        ":+80",
        ":８０",
        "\t",
        "\n",
        "\r",
        " ",
        "\0",
        "\u200b",
        "．",
        "／",
    ),
    *("user:pass@", "/v1", "/../", "?x=1", ";", ",", "&", "=", "!", "~", "*", "'", '"', "<", "|", "{", "`"),
]
SHAPES = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https", "HTTPS", "hTTp"]),
    st.sampled_from(HOSTS),
    st.sampled_from(["", ":", ":80", ":443", ":08080", ":8443", ":65535"]),
    st.sampled_from(
        ["", "/", "/v1", "//evil.example", "/@evil.example", "/v1?x=@evil", "/%2e%2e/", "/a:80/"]
    ),
)
URLS = st.one_of(
    SHAPES,
    st.lists(st.sampled_from([*HOSTS, *PIECES]), max_size=8).map("".join),
    st.builds(
        lambda url, at, piece: url[: at % (len(url) + 1)] + piece + url[at % (len(url) + 1) :],
        SHAPES,
        st.integers(0, 60),
        st.one_of(st.sampled_from(PIECES), st.characters()),
    ),
)


class Client:
    """An aiohttp client that tells where it would connect, and does not."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._addresses: list[tuple[str, int]] = []

    def destination(self, url: object) -> tuple[str, int]:
        """The host that is looked up, or the address that stands in the URL, and the port."""
        return self._runner.run(self._destination(url))

    async def _destination(self, url: object) -> tuple[str, int]:
        names = _Any()
        self._addresses.clear()
        async with aiohttp.ClientSession(
            connector=TCPConnector(resolver=names, socket_factory=self._refuse)
        ) as session:
            with pytest.raises(ClientConnectorError):
                await session.post(url, allow_redirects=False)  # type: ignore[arg-type]
        (host, port), *_ = self._addresses
        return names.asked[0] if names.asked else host, port

    def _refuse(self, address: SocketAddress) -> socket.socket:
        self._addresses.append(address[4][:2])
        raise OSError

    def close(self) -> None:
        self._runner.close()


class _Any(Names):
    """Every name has a public address."""

    def __init__(self) -> None:
        super().__init__({})

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[aiohttp.abc.ResolveResult]:
        self._answers[host] = [PUBLIC]
        return await super().resolve(host, port, family)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.close()


@settings(max_examples=1000, deadline=None)
@given(text=URLS)
def test_who_is_checked_is_who_is_called(client: Client, text: str) -> None:
    """CVE-2026-45400 Open WebUI: the validator and the client parse a URL differently.

    Where the guard accepts a URL, aiohttp connects to the host that it saw, whether it is given the parsed
    URL or its text again; and neither urllib nor httpx reads another host in it.
    """
    try:
        url = GUARD.check(text)
    except PlatformError:
        return
    assert url.raw_host is not None
    seen = (url.raw_host, url.port)
    assert client.destination(url) == seen
    assert client.destination(text) == seen
    standard, other = urlsplit(text), httpx2.URL(text)
    assert (_canonical(standard.hostname), standard.port or url.port) == seen
    assert (_canonical(other.raw_host.decode()), other.port or url.port) == seen
    assert standard.username is None
    assert not other.userinfo


def _canonical(host: str | None) -> str:
    """An IPv6 address in yarl's spelling; anything else as it is."""
    assert host is not None
    return ipaddress.IPv6Address(host).compressed if ":" in host else host


def test_the_fuzz_reaches_both_answers(client: Client) -> None:
    assert client.destination(GUARD.check("http://API.example:8080/x")) == ("api.example", 8080)
    assert client.destination(GUARD.check("https://[2606:4700:0::1111]/")) == ("2606:4700::1111", 443)
