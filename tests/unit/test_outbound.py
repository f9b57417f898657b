"""The settings of the outbound guard, and the origins that credentials are bound to."""

import pytest
from yarl import URL

from promptstudio.outbound import origin, parse_networks
from promptstudio.settings import SettingsError


def test_networks_are_read_with_commas_between_them() -> None:
    assert [str(network) for network in parse_networks("127.0.0.0/8, 10.1.2.3,fd00::/8,")] == [
        "127.0.0.0/8",
        "10.1.2.3/32",
        "fd00::/8",
    ]
    assert parse_networks(" ") == ()


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "localhost", "10.0.0.0 /8", "10.0.0.0/8;::/0"])
def test_what_is_no_network_is_named(text: str) -> None:
    with pytest.raises(SettingsError, match="PROMPTSTUDIO_ALLOW_PRIVATE should be networks"):
        parse_networks(text)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://API.example/v1?x", "https://api.example:443"),
        ("https://api.example:443", "https://api.example:443"),
        ("http://api.example", "http://api.example:80"),
        ("https://api.example.:8443/", "https://api.example.:8443"),
        ("https://[2606:4700:0:0::1]/", "https://[2606:4700::1]:443"),
    ],
)
def test_an_origin_has_one_spelling(url: str, expected: str) -> None:
    assert origin(URL(url)) == expected
