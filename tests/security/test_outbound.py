"""The guard of outbound URLs, held against what peers let through."""

import ipaddress
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import TCPConnector

from promptstudio.errors import AppError
from promptstudio.outbound import Guard, parse_networks
from promptstudio.platform_errors import PlatformError
from promptstudio.providers.base import Provider, ProviderRequest
from promptstudio.providers.transport import Connections, Target
from tests.security.resolver import Names
from tests.unit.providers.upstream import Upstream, answer, upstream

REQUEST = ProviderRequest("/responses", {}, b"{}")
LOOPBACK = parse_networks("127.0.0.1/32")

HOSTS = [
    *("127.0.0.1", "127.0.0.1:8443/v1", "127.255.255.254", "0.0.0.0", "0", "10.0.0.1"),
    *("172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
    *("169.254.169.254/latest/meta-data", "168.63.129.16", "192.0.0.192", "224.0.0.1"),
    *("255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1", "2130706433", "017700000001"),
    *("0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.1", "127.0.1", "127.0.0.1."),
    *("127.000.000.001", "1.0x7f", "3232235777", "0xA9FEA9FE", "0xa9.0xfe.0xa9.0xfe"),
    *("256.256.256.256", "4294967296", "0x", "1.2.3", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]"),
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::ffff:169.254.169.254]"),
    *("[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]"),
    *("[2001:0:7f00:1::]", "[fe80::1]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]"),
    *("[2001:db8::1]", "[100::1]", "localhost", "LOCALHOST", "localhost.", "app.localhost"),
]

FORMS = [
    *("http://api.example/", "ftp://api.example/", "file:///etc/passwd", "gopher://api.example/_"),
    *("", " ", "api.example", "//api.example", "https:", "https://", "https:///x", "https:/api.example"),
    *("https:api.example", "https://:443/", "https://?x", "https://#x", "javascript:alert(1)"),
    *("https://key@api.example/", "https://a:b@api.example/", "https://@api.example/"),
    *("https://api.example@127.0.0.1/", "https://127.0.0.1#@api.example/", "https://api.example#x"),
    *("https://api.example\\@127.0.0.1/", "https://api.example\\.evil/", "https:\\\\127.0.0.1\\"),
    *("https://api.exa\tmple/", "https://127.0.\n0.1/", "\nhttps://api.example/", "https://api.example/ "),
    *(" https://api.example/", "https://api.example/\x00", "https://api.example/\x7f", "https://a b/"),
    *("https://１２７.0.0.1/", "https://127。0。0。1/", "https://①②⑦.⓪.⓪.①/", "https://ⓛocalhost/"),
    *("https://evil.com／.api.example/", "https://api.example:８０８０/", "https://ex\u200bample.com/"),
    *("https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[v1.a]/", "https://[::1/"),
    *("https://::1/", "https://[127.0.0.1]/", "https://[::1]x/", "https://[::1]:/", "https://x[::1]/"),
    *("https://api.example:0/", "https://api.example:65536/", "https://api.example:-1/"),
    *("https://api.example:+443/", "https://api.example:4_4_3/", "https://api.example:x/"),
    *("https://a..b/", "https://.api.example/", "https://api.example../", "https://-/", "https://a-.b/"),
    *("https://%31%32%37.0.0.1/", "https://api%2eexample/", "https://api.example%00.evil/"),
    *(f"https://{'a' * 64}.example/", f"https://{'a.' * 127}example/", f"https://api.example/{'x' * 2048}"),
]

PORTS = [1, 7, 22, 23, 25, 53, 110, 143, 389, 465, 587, 993, 2049, 5060, 6000, 6667, 10080]


@pytest.mark.parametrize("url", [*(f"https://{host}/" for host in HOSTS), *FORMS])
def test_what_only_looks_like_a_public_https_url_is_refused(url: str) -> None:
    """CVE-2025-66405, CVE-2026-82270 Portkey: SSRF corpus."""
    with pytest.raises(PlatformError) as refused:
        Guard().check(url)
    assert (refused.value.problem, refused.value.status) == ("url_refused", 400)


@pytest.mark.parametrize("port", PORTS)
def test_ports_of_other_protocols_are_refused(port: int) -> None:
    """CVE-2025-66405 Portkey: a mail server's port behind https:// is no provider."""
    with pytest.raises(PlatformError, match=f"port {port} is not for HTTP"):
        Guard().check(f"https://api.example:{port}/v1")


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://api.openai.com/v1", "api.openai.com", 443),
        ("HTTPS://API.OpenAI.com", "api.openai.com", 443),
        ("https://api.example.:8443/v1?x=1", "api.example.", 8443),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443),
        ("https://my_proxy.example/", "my_proxy.example", 443),
        ("https://8.8.8.8/", "8.8.8.8", 443),
        ("https://[2606:4700::1111]:8080/", "2606:4700::1111", 8080),
        ("https://[::ffff:8.8.8.8]/", "::ffff:808:808", 443),
        ("https://127.0.0.1.nip.io/", "127.0.0.1.nip.io", 443),  # judged when it is called
    ],
)
def test_public_https_urls_are_read_as_the_client_reads_them(url: str, host: str, port: int) -> None:
    checked = Guard().check(url)
    assert (checked.scheme, checked.raw_host, checked.port) == ("https", host, port)


def test_networks_that_are_allowed_open_their_addresses_and_http() -> None:
    guard = Guard(parse_networks("127.0.0.0/8, fd00::/8"))
    for url in (
        "http://127.0.0.1:11434/v1",
        "http://localhost/",
        "https://[::ffff:127.0.0.1]/",
        "http://[fd00::1]/",
    ):
        guard.check(url)
    for url in ("http://10.0.0.1/", "https://[::1]/", "http://169.254.169.254/"):
        with pytest.raises(PlatformError):
            guard.check(url)


def test_every_address_of_the_special_purpose_registries_is_refused() -> None:
    guard = Guard()
    for version, count in ((ipaddress.IPv4Address, 2**32), (ipaddress.IPv6Address, 2**128)):
        for step in range(5000):
            address = version(count // 5000 * step + step * 7919 % 65536)
            assert address.is_global or not guard.permits(address), address


@dataclass
class Called:
    """A target behind guarded connections, and how long they waited between attempts."""

    connections: Connections
    target: Target
    names: Names
    waited: list[float]

    async def send(self) -> bytes:
        return await self.connections.send(self.target, b"{}")

    async def refused(self) -> AppError:
        """The error that every verb raises alike."""
        with pytest.raises(AppError) as sent:
            await self.send()
        with pytest.raises(AppError) as streamed:
            async with self.connections.stream(self.target, b"{}"):
                pass
        with pytest.raises(AppError) as probed:
            await self.connections.status(self.target)
        assert sent.value.detail == streamed.value.detail == probed.value.detail
        return sent.value

    def forget_names(self) -> None:
        connector = self.connections._connected().connector
        assert isinstance(connector, TCPConnector)
        connector.clear_dns_cache()


@asynccontextmanager
async def called(resolves: Mapping[str, list[str]], guard: Guard, base_url: str) -> AsyncIterator[Called]:
    """A provider's URL in a world of these names."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    names = Names(resolves)
    connections = Connections(guard, sleep=sleep, resolver=names)
    target = connections.target(Provider("acme", "openai", base_url), REQUEST, "sk-secret")
    try:
        yield Called(connections, target, names, waited)
    finally:
        await connections.close()


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "::1", "::ffff:127.0.0.1", "fd00:ec2::254"],
)
async def test_a_name_of_a_private_address_is_refused_at_connect(address: str) -> None:
    """GHSA-r2x7-427f-rq69 ech0: the literal is checked, `nip.io` is not.

    The refusal names the host and not the address, and nobody tries again.
    """
    async with called({"a.nip.io": [address]}, Guard(), "https://a.nip.io/v1") as called_:
        error = await called_.refused()
    assert (error.problem, error.status) == ("provider_refused", 502)
    assert "a.nip.io" in error.detail
    assert address not in error.detail
    assert called_.waited == []


async def test_a_name_that_rebinds_after_its_check_is_refused() -> None:
    """GHSA-r2x7-427f-rq69 ech0: the first answer may be called, the second may not."""
    async with upstream(answer(200, b"{}", connection="close")) as provider:
        names = {"rebind.example": ["127.0.0.1", "127.0.0.2"]}
        async with called(names, Guard(LOOPBACK), at(provider, "rebind.example")) as rebinding:
            assert await rebinding.send() == b"{}"
            rebinding.forget_names()
            error = await rebinding.refused()
        assert len(provider.requests) == 1
    assert rebinding.names.asked[:2] == ["rebind.example", "rebind.example"]
    assert error.problem == "provider_refused"


async def test_a_resolver_that_answers_with_a_name_is_refused() -> None:
    """GHSA-r2x7-427f-rq69 ech0: what is no address would be looked up again, behind the guard."""
    async with called({"a.example": ["localhost"]}, Guard(), "https://a.example") as odd:
        assert (await odd.refused()).problem == "provider_refused"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_the_metadata_service_is_not_followed(status: int) -> None:
    """CVE-2026-45401 Open WebUI: redirects unvalidated; even a host that may be called sends us nowhere."""
    async with upstream(answer(200, b"{}")) as elsewhere:
        for location in ("http://169.254.169.254/latest/", elsewhere.url):
            async with (
                upstream(answer(status, b"", location=location)) as provider,
                called({}, Guard(LOOPBACK), provider.url) as redirected,
            ):
                with pytest.raises(AppError) as failed:
                    await redirected.send()
                assert failed.value.problem == "provider_status"
                assert await redirected.connections.status(redirected.target) == status
                assert len(provider.requests) == 2
        assert elsewhere.connections == 0


async def test_an_open_connection_serves_no_host_that_was_not_judged() -> None:
    """CVE-2025-66405 Portkey: connections in the pool are found by host, not by where they lead."""
    async with upstream(answer(200, b"{}")) as provider:
        names = {"good.example": ["127.0.0.1"], "evil.example": ["127.0.0.9"]}
        async with called(names, Guard(LOOPBACK), at(provider, "good.example")) as calls:
            await calls.send()
            evil = Provider("acme", "openai", at(provider, "evil.example"))
            calls.target = calls.connections.target(evil, REQUEST, None)
            assert (await calls.refused()).problem == "provider_refused"
        assert provider.connections == 1


def at(provider: Upstream, host: str) -> str:
    """A provider's URL under another name."""
    return provider.url.replace("127.0.0.1", host)
