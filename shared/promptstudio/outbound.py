"""The one guard for every URL that a person can set: what it may look like, and where it may lead.

A URL is read once, by the parser that the HTTP client itself uses, so that the two cannot see different
hosts. Where its name leads is judged when the socket is made, by the very address that is connected to: a
name that resolves to something else a moment later gains nothing. Redirects are never followed.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final, TypeAlias

from yarl import URL

from promptstudio.platform_errors import PlatformError
from promptstudio.settings import SettingsError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
SocketAddress: TypeAlias = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]
"""A row of getaddrinfo: family, type, protocol, canonical name, address."""

URL_CHARACTERS: Final = 2048

_NO_HOST: Final = "This URL"
_NOT_PUBLIC_REASON: Final = "its address is not public, and its network is not among those allowed"
_PRINTABLE: Final = re.compile(r"[\x21-\x5b\x5d-\x7e]+")  # no spaces, controls, backslashes
_SHAPE: Final = re.compile(
    r"(?i:https?)://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?][^#]*)?"
)
_HOST_NAME: Final = re.compile(r"(?=.{1,253}\.?\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.|\Z))+")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")

# What browsers call by no means (https://fetch.spec.whatwg.org/#port-blocking): an HTTP request to these
# could be read as another protocol's commands.
_PORTS_REFUSED: Final = frozenset(
    (
        *(0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101),
        *(102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427),
        *(465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990),
        *(993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667),
        *(6668, 6669, 6679, 6697, 10080),
    )
)

# IANA's special-purpose registries; Python's own `is_global` has changed from release to release.
_NOT_PUBLIC: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # Azure's own services, behind a public address
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
_PUBLIC_V6: Final = ipaddress.IPv6Network("2000::/3")  # all that was ever given out
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_LOOPBACK: Final = IPv4Address("127.0.0.1")


class AddressRefusedError(OSError):
    """A socket was not made, because its address is not one that people's URLs may lead to."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What people's URLs may name and reach.

    The internet may be reached by https. `allowed` opens networks that are not public; where there are
    some, http is allowed too, since what runs there has rarely a certificate.
    """

    allowed: tuple[Network, ...] = ()

    def check(self, text: str) -> URL:
        """The URL, ready for the client; raises PlatformError url_refused, which names host and reason.

        A name's address is not looked up here: it may be another when it is called.
        """
        if len(text) > URL_CHARACTERS:
            raise _refused(_NO_HOST, f"it is longer than {URL_CHARACTERS} characters")
        if not _PRINTABLE.fullmatch(text):
            raise _refused(_NO_HOST, "it has a character that is not printable ASCII, or a backslash")
        if not _SHAPE.fullmatch(text):
            raise _refused(_NO_HOST, "it has to be https://host, maybe with a port and a path, and no more")
        try:
            url = URL(text)
        except ValueError:
            raise _refused(_NO_HOST, "its host or port is none") from None
        self._check_parts(url)
        return url

    def _check_parts(self, url: URL) -> None:
        host = url.raw_host or _NO_HOST
        if url.scheme != "https" and not self.allowed:
            raise _refused(host, "only https is allowed")
        if url.port in _PORTS_REFUSED:
            raise _refused(host, f"port {url.port} is not for HTTP")
        address = _literal(host)
        if address is not None and not self.permits(address):
            raise _refused(host, _NOT_PUBLIC_REASON)

    def permits(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether a connection to this address may be made."""
        address = _embedded(address)
        if any(address in network for network in self.allowed):
            return True
        if address.version == 6 and address not in _PUBLIC_V6:
            return False
        return not any(address in network for network in _NOT_PUBLIC)

    def open_socket(self, address: SocketAddress) -> socket.socket:
        """A socket for this address and no other: the `socket_factory` of an aiohttp connector.

        Raises AddressRefusedError.
        """
        family, kind, protocol, _, (host, *_rest) = address
        try:
            permitted = self.permits(ipaddress.ip_address(host))
        except ValueError:  # not an address: connecting would look it up again
            permitted = False
        if not permitted:
            raise AddressRefusedError(_NOT_PUBLIC_REASON)
        return socket.socket(family, kind, protocol)

    def refusal(self, url: URL, error: Exception) -> PlatformError | None:
        """What to tell where a connection failed because no socket was made; None where it did not.

        `error` is the client's: aiohttp keeps what the connection failed of in `os_error`.
        """
        if not isinstance(getattr(error, "os_error", error), AddressRefusedError):
            return None
        return _refused(url.raw_host or _NO_HOST, _NOT_PUBLIC_REASON)


def parse_networks(text: str, setting: str = "PROMPTSTUDIO_ALLOW_PRIVATE") -> tuple[Network, ...]:
    """The networks in a setting like `127.0.0.0/8, 10.0.0.0/8`; raises SettingsError, which names it."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        message = f"{setting} should be networks like 10.0.0.0/8, with commas: {error}."
        raise SettingsError(message) from None


def origin(url: URL) -> str:
    """Scheme, host and port in one spelling: what a credential is bound to."""
    return f"{url.scheme}://{url.host_subcomponent}:{url.port}"


def _refused(host: str, reason: str) -> PlatformError:
    return PlatformError("url_refused", host=host, reason=reason)


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host spells, None for a name; raises PlatformError for what is neither.

    A name whose last label is a number is an address to some (127.1, 0x7f.1) and a name to others.
    """
    if ":" in host:
        try:
            return IPv6Address(host)
        except ValueError:
            raise _refused(host, "it is not an IPv6 address") from None
    if not _HOST_NAME.fullmatch(host):
        raise _refused(host, "it is not a host's name")
    labels = host.rstrip(".").split(".")
    if labels[-1] == "localhost":
        return _LOOPBACK  # RFC 6761, 6.3, whatever a resolver says
    if not _NUMBER.fullmatch(labels[-1]):
        return None
    try:
        return IPv4Address(host)
    except ValueError:
        raise _refused(host, "it is not an address in four decimal numbers") from None


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that packets to this address go to, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address
