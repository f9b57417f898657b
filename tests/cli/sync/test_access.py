"""Which workspace is meant, and that its key goes nowhere else."""

import pytest

from promptstudio.endpoint.keys import create
from promptstudio_cli.errors import CommandError, UsageError
from promptstudio_cli.sync.access import read_access

KEY = create("ci", "a" * 12).key
ENVIRON = {"PROMPTSTUDIO_API_KEY": KEY}


def test_the_option_wins_over_the_environment_and_that_over_this_machine() -> None:
    environ = {**ENVIRON, "PROMPTSTUDIO_URL": "https://one.example/"}
    assert read_access("https://two.example", "PROMPTSTUDIO_API_KEY", environ).url == "https://two.example"
    assert read_access(None, "PROMPTSTUDIO_API_KEY", environ).url == "https://one.example"
    assert read_access(None, "PROMPTSTUDIO_API_KEY", ENVIRON).url == "http://127.0.0.1:8787"


def test_a_workspace_is_told_from_others_by_its_server_and_its_key() -> None:
    other = {"OTHER": create("ci", "b" * 12).key}
    assert read_access(None, "PROMPTSTUDIO_API_KEY", ENVIRON).workspace == f"http://127.0.0.1:8787#{'a' * 12}"
    assert read_access(None, "OTHER", other).workspace == f"http://127.0.0.1:8787#{'b' * 12}"


def test_a_missing_key_is_asked_for_by_the_variables_name() -> None:
    for environ in ({}, {"CI_KEY": " "}):
        with pytest.raises(CommandError) as refusal:
            read_access(None, "CI_KEY", environ)
        assert refusal.value.message.startswith("CI_KEY is not set")
        assert "--scopes read,write" in refusal.value.advice


@pytest.mark.parametrize(
    "key",
    ["sk-123", KEY[:-1], KEY[:-1] + "-", KEY.replace("ps_live_", "ps_test_")],
    ids=["foreign", "cut", "mistyped", "of another kind"],  # the key is random, and each worker has its own
)
def test_what_is_no_key_is_sent_nowhere_and_not_shown(key: str) -> None:
    with pytest.raises(CommandError) as refusal:
        read_access(None, "PROMPTSTUDIO_API_KEY", {"PROMPTSTUDIO_API_KEY": key})
    assert key not in refusal.value.message + refusal.value.advice


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "ftp://example.com",
        "http://",
        "http://user:secret@example.com",
        "http://example.com:0",
        "http://example.com:99999",
        "http://example.com?x",
        "http://example.com#x",
        "http://exa mple.com",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        read_access(url, "PROMPTSTUDIO_API_KEY", ENVIRON)


def test_a_key_is_never_part_of_what_is_printed() -> None:
    assert KEY not in repr(read_access(None, "PROMPTSTUDIO_API_KEY", ENVIRON))


@pytest.mark.parametrize(
    ("url", "in_the_clear"),
    [
        ("http://127.0.0.1:8787", False),
        ("http://localhost", False),
        ("http://[::1]:80", False),
        ("https://example.com", False),
        ("http://example.com", True),
        ("http://10.0.0.1", True),
    ],
)
def test_only_this_machine_is_reached_in_the_clear_without_a_warning(url: str, in_the_clear: bool) -> None:
    assert read_access(url, "PROMPTSTUDIO_API_KEY", ENVIRON).in_the_clear is in_the_clear
