from pathlib import Path

import pytest

from promptstudio.endpoint.keys import KeysError, create, print_records
from promptstudio_functions.key_source import KeySource


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def write(path: Path, *names: str) -> list[bytes]:
    keys = [create(name) for name in names]
    path.write_text(print_records(key.record for key in keys), encoding="utf-8")
    return [key.key.encode() for key in keys]


def test_without_keys_the_server_is_open_unless_it_is_public(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    assert KeySource(None, path).current() is None
    closed = KeySource(None, path, required=True).current()
    assert closed is not None
    assert not closed.holds(b"")


def test_a_file_without_keys_closes_the_server(tmp_path: Path) -> None:
    write(tmp_path / "keys.json")
    assert KeySource(None, tmp_path / "keys.json").current() is not None


def test_a_revoked_key_is_out_a_moment_later(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "keys.json"
    (old,) = write(path, "one")
    source = KeySource(None, path, clock=clock)
    new = write(path, "two", "three")[0]
    assert held(source, old), "the file is looked at now and then"
    clock.now += 1
    assert not held(source, old)
    assert held(source, new)


def held(source: KeySource, key: bytes) -> bool:
    ring = source.current()
    return ring is not None and ring.holds(key)


def test_a_file_that_breaks_lets_nobody_in_until_it_is_mended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, path = Clock(), tmp_path / "keys.json"
    (key,) = write(path, "one")
    good = path.read_bytes()
    source = KeySource(None, path, clock=clock)
    path.write_text("{", encoding="utf-8")
    clock.now += 1
    assert source.current() is not None
    assert not held(source, key)
    assert "Nobody is let in" in caplog.text
    path.write_bytes(good)
    clock.now += 1
    assert held(source, key)


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[{}]"])
def test_a_file_that_is_broken_from_the_start_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(content)
    with pytest.raises(KeysError) as caught:
        KeySource(None, path)
    assert str(caught.value).startswith(str(path))


def test_keys_of_the_environment_do_not_look_at_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text("{", encoding="utf-8")
    key = create("ci")
    assert held(KeySource(print_records([key.record]), path), key.key.encode())
    with pytest.raises(KeysError, match=r"^PROMPTSTUDIO_KEYS: The API keys are not JSON\. It has to be what"):
        KeySource("nonsense", path)
