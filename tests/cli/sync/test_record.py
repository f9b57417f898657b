"""sync.json: what was alike at the last sync."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from promptstudio_cli.errors import CommandError
from promptstudio_cli.sync.differences import Content, Identity, Kind, Synced
from promptstudio_cli.sync.record import SyncRecord

GREET = Identity(Kind.prompt, "greet")
HEADER = Identity(Kind.partial, "header")


def synced(path: str, folder: str = "") -> Synced:
    return Synced(path, Content(folder, "a" * 64), '"drf_1.1"')


def test_what_is_recorded_is_read_again(tmp_path: Path) -> None:
    record = SyncRecord(tmp_path / "state", "http://localhost#a")
    assert record.entries() == {}
    record.set(GREET, synced("prompts/x/greet.prompt", "x"))
    record.set(HEADER, synced("prompts/_header.prompt"))
    again = SyncRecord(tmp_path / "state", "http://localhost#a")
    assert again.entries() == {
        HEADER: synced("prompts/_header.prompt"),
        GREET: synced("prompts/x/greet.prompt", "x"),
    }
    again.drop(GREET)
    again.drop(GREET)
    assert list(record.entries()) == [HEADER]


def test_each_workspace_has_its_own_part(tmp_path: Path) -> None:
    one, other = (SyncRecord(tmp_path, f"http://localhost#{name}") for name in "ab")
    one.set(GREET, synced("prompts/greet.prompt"))
    assert other.entries() == {}
    other.set(HEADER, synced("prompts/_header.prompt"))
    other.drop(HEADER)
    assert list(one.entries()) == [GREET]


def test_reading_makes_nothing(tmp_path: Path) -> None:
    SyncRecord(tmp_path / "state", "http://localhost#a").entries()
    assert not (tmp_path / "state").exists()


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    SyncRecord(tmp_path / "state", "http://localhost#a").set(GREET, synced("prompts/greet.prompt"))
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    [file] = (tmp_path / "state").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_two_commands_at_once_lose_nothing(tmp_path: Path) -> None:
    record = SyncRecord(tmp_path, "http://localhost#a")

    def note(number: int) -> None:
        record.set(Identity(Kind.prompt, f"p{number}"), synced(f"prompts/p{number}.prompt"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(note, range(40)))
    assert len(record.entries()) == 40


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"http://localhost#a": 1}',
        '{"http://localhost#a": {}}' + " x",
        '{"http://localhost#a": [1]}',
        '{"http://localhost#a": [{"kind": "prompt"}]}',
        json.dumps(
            {
                "http://localhost#a": [
                    {"kind": "other", "name": "a", "path": "", "folder": "", "sha256": "", "etag": ""}
                ]
            }
        ),
        json.dumps(
            {
                "http://localhost#a": [
                    {"kind": "prompt", "name": 1, "path": "", "folder": "", "sha256": "", "etag": ""}
                ]
            }
        ),
    ],
)
def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "sync.json"
    file.write_text(text)
    record = SyncRecord(tmp_path, "http://localhost#a")
    for use in (record.entries, lambda: record.set(GREET, synced("prompts/greet.prompt"))):
        with pytest.raises(CommandError, match=r"sync\.json cannot be read"):
            use()
    assert file.read_text() == text
