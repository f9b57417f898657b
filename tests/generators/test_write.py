"""Generated files land in the output folder, and nowhere else."""

from pathlib import Path

import pytest

from promptstudio_generators.write import UnsafePathError, write

OUTSIDE = ["../a", "a/../../b", "/etc/a", "a//b", "./a", "", "a/", "a\\b", "C:a", "a\nb", "a\0b", "a/.."]


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_that_leaves_the_folder_is_refused_before_anything_is_written(
    tmp_path: Path, path: str
) -> None:
    with pytest.raises(UnsafePathError):
        write({"0": "first", path: "x"}, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_files_that_differ_in_case_alone_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsafePathError, match="one file on some systems"):
        write({"src/a": "", "src/A": ""}, tmp_path)


def test_a_folder_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "src").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafePathError, match="link"):
        write({"src/a": "x"}, tmp_path / "out")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").symlink_to(tmp_path / "victim")
    with pytest.raises(UnsafePathError, match="link"):
        write({"a": "x"}, tmp_path / "out")
    assert (tmp_path / "victim").read_text() == "precious"


def test_a_script_may_be_executed_and_nothing_else(tmp_path: Path) -> None:
    write({"run.sh": "#!/bin/bash\n", "main.py": "import os\n"}, tmp_path)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("run.sh", "main.py")]
    assert modes == [0o755, 0o644]


def test_writing_again_changes_nothing_and_keeps_other_files(tmp_path: Path) -> None:
    files = {"src/a.ts": "ä\n", "b": ""}
    assert write(files, tmp_path) == ["b", "src/a.ts"]
    (tmp_path / "mine").write_text("kept")
    assert write(files, tmp_path) == []
    assert write({**files, "b": "new"}, tmp_path) == ["b"]
    assert (tmp_path / "src" / "a.ts").read_bytes() == "ä\n".encode()
    assert (tmp_path / "mine").read_text() == "kept"
