"""Projects on disk."""

from pathlib import Path

import pytest

from promptstudio.prompts.diagnostics import CompileError
from promptstudio.prompts.project import ProjectNotFoundError, load_project


def project(folder: Path, **files: bytes) -> Path:
    (folder / "prompts").mkdir(parents=True)
    (folder / "promptstudio.toml").write_text('name = "acme"')
    for name, data in files.items():
        (folder / "prompts" / f"{name}.prompt").write_bytes(data)
    return folder


def test_a_project_is_found_from_any_folder_inside_it(tmp_path: Path) -> None:
    root = project(tmp_path / "acme", hello=b"Hi")
    loaded = load_project(root / "prompts")
    assert loaded.root == root.resolve()
    assert [(source.path, source.text) for source in loaded.sources] == [("prompts/hello.prompt", "Hi")]


def test_prompts_lie_in_any_folder_below_and_are_sorted_by_path(tmp_path: Path) -> None:
    root = project(tmp_path, b=b"", a=b"")
    (root / "prompts" / "aa").mkdir()
    (root / "prompts" / "aa" / "_x.prompt").write_bytes(b"")
    (root / "prompts" / "notes.md").write_bytes(b"")
    paths = [source.path for source in load_project(root).sources]
    assert paths == ["prompts/a.prompt", "prompts/aa/_x.prompt", "prompts/b.prompt"]


def test_line_ends_and_byte_order_marks_are_kept(tmp_path: Path) -> None:
    root = project(tmp_path, a=b"\xef\xbb\xbfHi\r\nthere")
    assert load_project(root).sources[0].text == "\ufeffHi\r\nthere"


def test_where_there_is_no_project_the_error_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ProjectNotFoundError, match=r"There is no promptstudio\.toml in .* or above it"):
        load_project(tmp_path)


def test_a_file_that_is_not_utf_8_is_named_with_its_place(tmp_path: Path) -> None:
    root = project(tmp_path, a="eins\nzwei é".encode() + b"\xff")
    with pytest.raises(CompileError, match=r"prompts/a\.prompt:2:7: error: the file is not UTF-8"):
        load_project(root)


def test_a_file_without_reason_to_be_so_large_is_refused(tmp_path: Path) -> None:
    root = project(tmp_path, a=b"x" * (2**20 + 1))
    with pytest.raises(CompileError, match="the file is larger than 1048576 bytes"):
        load_project(root)


def test_links_lead_nowhere_outside(tmp_path: Path) -> None:
    root = project(tmp_path / "acme")
    (tmp_path / "secret").write_text("secret")
    (root / "prompts" / "a.prompt").symlink_to(tmp_path / "secret")
    with pytest.raises(
        CompileError, match=r"prompts/a\.prompt:1:1: error: this link leads out of the project"
    ):
        load_project(root)


def test_the_folder_of_prompts_lies_inside(tmp_path: Path) -> None:
    root = project(tmp_path / "acme")
    (root / "promptstudio.toml").write_text('name = "acme"\nprompts = "../other"')
    with pytest.raises(
        CompileError, match=r"promptstudio\.toml:2:1: error: prompts: \.\./other is not inside"
    ):
        load_project(root)


def test_a_prompts_folder_that_is_missing_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "promptstudio.toml").write_text('name = "acme"\nprompts = "texts"')
    with pytest.raises(CompileError) as caught:
        load_project(tmp_path)
    assert str(caught.value) == (
        "promptstudio.toml:2:1: error: prompts: there is no folder texts: "
        "make it, or name the folder that holds the .prompt files"
    )


def test_all_files_that_cannot_be_read_are_named_at_once(tmp_path: Path) -> None:
    root = project(tmp_path, a=b"\xff", b=b"Hi", c=b"x" * (2**20 + 1))
    with pytest.raises(CompileError) as caught:
        load_project(root)
    assert [found.path for found in caught.value.diagnostics] == ["prompts/a.prompt", "prompts/c.prompt"]
