"""Which file is what, and which file there may be."""

from pathlib import Path

import pytest

from promptstudio.prompts.file import Source
from promptstudio.prompts.project import load_project
from promptstudio_cli.sync.differences import Content, Here, Identity, Kind, Synced
from promptstudio_cli.sync.files import FileChangedError, Files, read_files, remove_file, write_file
from promptstudio_cli.sync.places import folder_of, identify, printable
from promptstudio_generators.write import UnsafePathError

NAMED = "---\nname: hello\n---\nHi"
BROKEN = "---\nname: [\n---\nHi"


@pytest.mark.parametrize(
    ("path", "text", "identity"),
    [
        ("prompts/a/greet.prompt", "Hi", Identity(Kind.prompt, "greet")),
        ("prompts/greet.prompt", NAMED, Identity(Kind.prompt, "hello")),
        ("prompts/a/_greet.prompt", NAMED, Identity(Kind.partial, "greet")),
        ("prompts/greet.prompt", BROKEN, Identity(Kind.prompt, "greet")),
        ("prompts/greet.prompt", "---\nname: 5\n---\nHi", Identity(Kind.prompt, "greet")),
    ],
)
def test_a_file_is_known_by_its_name_or_by_what_it_calls_itself(
    path: str, text: str, identity: Identity
) -> None:
    assert identify(Source(path, text)) == identity


def test_what_cannot_be_read_keeps_the_name_of_the_last_sync() -> None:
    assert identify(Source("prompts/greet.prompt", BROKEN), "hello").name == "hello"
    assert identify(Source("prompts/greet.prompt", "Hi"), "hello").name == "greet"


@pytest.mark.parametrize(
    ("path", "prompts", "folder"),
    [
        ("prompts/greet.prompt", "prompts", ""),
        ("prompts/a/b/greet.prompt", "prompts", "a/b"),
        ("greet.prompt", ".", ""),
        ("a/greet.prompt", ".", "a"),
        ("prompts/cafe\u0301/greet.prompt", "prompts", "caf\u00e9"),
    ],
)
def test_folders_are_those_below_the_prompts(path: str, prompts: str, folder: str) -> None:
    assert folder_of(path, prompts) == folder


def test_nothing_shown_moves_a_terminals_cursor() -> None:
    assert printable("a\x1b[2Jb\nc\u202e") == "a?[2Jb?c?"


def files_in(root: Path, *paths: str) -> Files:
    (root / "promptstudio.toml").write_text('name = "acme"\n')
    (root / "prompts").mkdir()
    for path in paths:
        file = root / "prompts" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("Hi")
    return read_files(load_project(root), {})


def test_two_files_of_one_prompt_are_doubtful(tmp_path: Path) -> None:
    files = files_in(tmp_path, "a/greet.prompt", "b/greet.prompt", "_greet.prompt")
    assert set(files.here) == {Identity(Kind.prompt, "greet"), Identity(Kind.partial, "greet")}
    [(identity, reason)] = files.doubtful.items()
    assert identity == Identity(Kind.prompt, "greet")
    assert reason.startswith("both prompts/a/greet.prompt and prompts/b/greet.prompt: ")


def test_the_folder_of_the_prompts_may_be_the_project_itself(tmp_path: Path) -> None:
    (tmp_path / "promptstudio.toml").write_text('prompts = "."\n')
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "greet.prompt").write_text("Hi")
    files = read_files(load_project(tmp_path), {})
    assert files.here == {Identity(Kind.prompt, "greet"): Here("x/greet.prompt", "x", "Hi")}
    write_file(files, "y/greet.prompt", "Ho", files.here[Identity(Kind.prompt, "greet")])
    assert (tmp_path / "y" / "greet.prompt").read_text() == "Ho"
    assert not (tmp_path / "x" / "greet.prompt").exists()


def test_bytes_are_written_as_they_are_and_modes_stay(tmp_path: Path) -> None:
    files = files_in(tmp_path, "greet.prompt")
    file = tmp_path / "prompts" / "greet.prompt"
    file.chmod(0o640)
    write_file(files, "prompts/greet.prompt", "\ufeffHi\r\n\r\n", Here("prompts/greet.prompt", "", "Hi"))
    assert file.read_bytes() == b"\xef\xbb\xbfHi\r\n\r\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in file.parent.iterdir()] == ["greet.prompt"]


def test_a_file_that_changed_since_it_was_read_stays(tmp_path: Path) -> None:
    files = files_in(tmp_path, "greet.prompt", "other.prompt")
    stale = Here("prompts/greet.prompt", "", "before")
    missing = Here("prompts/gone.prompt", "", "Hi")
    for path, before in (
        ("prompts/greet.prompt", stale),
        ("prompts/x/greet.prompt", stale),
        ("prompts/gone.prompt", missing),
        ("prompts/other.prompt", None),
        ("prompts/other.prompt", Here("prompts/greet.prompt", "", "Hi")),
    ):
        with pytest.raises(FileChangedError):
            write_file(files, path, "new", before)
    with pytest.raises(FileChangedError):
        remove_file(files, stale)
    assert {file.name: file.read_text() for file in (tmp_path / "prompts").rglob("*.prompt")} == {
        "greet.prompt": "Hi",
        "other.prompt": "Hi",
    }


@pytest.mark.parametrize("link", ["x", "x/greet.prompt"])
def test_no_link_is_followed(tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "greet.prompt").write_text("theirs")
    root = tmp_path / "project"
    root.mkdir()
    files = files_in(root)
    place = root / "prompts" / link
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(outside / "greet.prompt" if link.endswith(".prompt") else outside)
    for before in (None, Here("prompts/x/greet.prompt", "x", "theirs")):
        with pytest.raises(UnsafePathError, match="leads through the link"):
            write_file(files, "prompts/x/greet.prompt", "ours", before)
    with pytest.raises(UnsafePathError, match="leads through the link"):
        remove_file(files, Here("prompts/x/greet.prompt", "x", "theirs"))
    assert (outside / "greet.prompt").read_text() == "theirs"


@pytest.mark.parametrize(
    "path", ["other/greet.prompt", "../greet.prompt", "prompts/../greet.prompt", "/etc/x"]
)
def test_nothing_is_written_outside_the_folder_of_the_prompts(tmp_path: Path, path: str) -> None:
    files = files_in(tmp_path)
    with pytest.raises(UnsafePathError):
        write_file(files, path, "Hi", None)


def test_a_record_that_names_another_file_leads_nowhere(tmp_path: Path) -> None:
    """A sync.json that came with somebody's project is not to be believed."""
    files = files_in(tmp_path)
    hostile = Synced("../../.bashrc", Content("", "a" * 64), '"1"')
    with pytest.raises(UnsafePathError):
        remove_file(files, Here(hostile.path, "", ""))
