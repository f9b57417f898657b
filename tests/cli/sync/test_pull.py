"""`promptstudio pull`, from a workspace that others change too."""

import json
from pathlib import Path

import pytest

from tests.cli.sync.conftest import Clone
from tests.cli.sync.remote import Remote, answers


def test_a_workspace_is_written_to_an_empty_project(clone: Clone, remote: Remote) -> None:
    remote.create("greet", "\ufeffHi\r\nthere")
    remote.create("reply", "Dear\n\n", "support/mail")
    remote.edit("_footer", "Bye")
    result = clone.pull()
    assert (result.code, result.err) == (0, "")
    assert result.lines == [
        "prompts/_footer.prompt: written",
        "prompts/greet.prompt: written",
        "prompts/support/mail/reply.prompt: written",
        "3 written",
    ]
    assert clone.texts() == {"greet": "\ufeffHi\r\nthere", "support/mail/reply": "Dear\n\n", "_footer": "Bye"}
    assert clone.pull().out == "3 unchanged\n"
    assert clone.push().out == "3 unchanged\n"
    assert {file.name for file in clone.root.rglob("*")} == {
        "promptstudio.toml",
        "prompts",
        "greet.prompt",
        "support",
        "mail",
        "reply.prompt",
        "_footer.prompt",
        ".promptstudio",
        "sync.json",
    }


def test_only_what_changed_there_is_written(clone: Clone, remote: Remote) -> None:
    for name in ("a", "b", "_c"):
        clone.write(name, "1")
    clone.push()
    remote.edit("a", "2\r\n")
    remote.edit("_c", "2")
    assert clone.pull().lines == [
        "prompts/_c.prompt: written",
        "prompts/a.prompt: written",
        "2 written, 1 unchanged",
    ]
    assert clone.texts() == {"a": "2\r\n", "b": "1", "_c": "2"}


def test_what_changed_here_is_told_and_stays(clone: Clone, remote: Remote) -> None:
    clone.write("a", "1")
    clone.push()
    clone.write("a", "2")
    clone.write("new", "1")
    result = clone.pull()
    assert (result.code, result.lines) == (
        0,
        [
            "prompts/a.prompt: to push: changed here",
            "prompts/new.prompt: to push: new here",
            "2 to push",
        ],
    )
    assert clone.texts() == {"a": "2", "new": "1"}
    assert remote.texts() == {"a": "1"}


def test_a_conflict_leaves_the_file_and_the_others_still_come(clone: Clone, remote: Remote) -> None:
    for name in ("a", "b", "c"):
        clone.write(name, "1")
    clone.push()
    for name in ("a", "b", "c"):
        remote.edit(name, "theirs")
    clone.write("b", "ours")
    result = clone.pull()
    assert result.code == 1
    assert result.lines[:4] == [
        "prompts/a.prompt: written",
        "prompts/b.prompt: conflict: changed here and in the workspace since the last sync",
        "prompts/c.prompt: written",
        "2 written, 1 conflict",
    ]
    assert result.lines[4:] == [
        "",
        "What differs: promptstudio pull --diff b",
        "Take the workspace's: promptstudio pull --theirs b",
        "Keep the file: promptstudio pull --ours b, then push",
    ]
    assert clone.texts() == {"a": "theirs", "b": "ours", "c": "theirs"}
    assert remote.texts()["b"] == "theirs"


def test_a_conflict_is_settled_as_the_person_says(clone: Clone, remote: Remote) -> None:
    for name in ("a", "b"):
        clone.write(name, "1")
    clone.push()
    for name in ("a", "b"):
        remote.edit(name, "theirs")
        clone.write(name, "ours")
    assert clone.pull("--theirs", "a").out == "prompts/a.prompt: written\n1 written\n"
    assert clone.pull("--ours", "b").out == "prompts/b.prompt: kept\n1 kept\n"
    assert clone.texts() == {"a": "theirs", "b": "ours"}
    assert clone.push().lines == ["prompts/b.prompt: sent", "1 sent, 1 unchanged"]
    assert remote.texts() == {"a": "theirs", "b": "ours"}


def test_what_somebody_changes_after_ours_is_a_conflict_again(clone: Clone, remote: Remote) -> None:
    clone.write("a", "ours")
    remote.create("a", "theirs")
    clone.pull("--ours")
    remote.edit("a", "newer")
    assert clone.push().code == 1
    assert remote.texts() == {"a": "newer"}


def test_theirs_and_ours_exclude_each_other(clone: Clone, remote: Remote) -> None:
    assert clone.pull("--theirs", "--ours").code == 2
    assert remote.requests == []


def test_the_difference_is_shown_and_nothing_done(clone: Clone, remote: Remote) -> None:
    clone.write("a", "one\ntwo\r\nthree")
    clone.write("same", "1")
    clone.push()
    remote.edit("a", "one\n2\x1b[2J\nthree")
    remote.move("a", "x")
    result = clone.pull("--diff")
    assert (result.code, result.lines) == (
        0,
        [
            "--- prompts/a.prompt",
            "+++ workspace: a",
            "@@ -1,3 +1,3 @@",
            " one",
            "-two\\r",
            "+2\\x1b[2J",
            " three",
            "\\ No newline at end of file",
            'folder "" here, "x" in the workspace',
        ],
    )
    assert clone.texts() == {"a": "one\ntwo\r\nthree", "same": "1"}
    assert clone.pull("--diff", "same").out == "No differences.\n"


def test_a_file_whose_prompt_was_deleted_goes_only_when_asked_for(clone: Clone, remote: Remote) -> None:
    for name in ("same", "changed", "_c"):
        clone.write(name, "1")
    clone.push()
    clone.write("changed", "2")
    for name in ("same", "changed", "_c"):
        remote.delete(name)
    told = clone.pull()
    assert (told.code, told.lines[3]) == (1, "2 deleted there, 1 conflict")
    assert clone.pull("--delete").lines[:4] == [
        "prompts/_c.prompt: removed",
        "prompts/changed.prompt: conflict: changed here, but deleted in the workspace",
        "prompts/same.prompt: removed",
        "2 removed, 1 conflict",
    ]
    assert clone.texts() == {"changed": "2"}
    assert clone.pull("--ours").code == 0
    assert clone.push().lines[-1] == "1 sent"
    assert remote.texts() == {"changed": "2"}


def test_a_file_that_was_deleted_here_is_brought_back_by_theirs(clone: Clone, remote: Remote) -> None:
    file = clone.write("a", "1")
    clone.push()
    file.unlink()
    told = clone.pull()
    assert (told.code, told.lines[-1]) == (0, "1 deleted here")
    assert not file.exists()
    assert clone.pull("--theirs").out == "prompts/a.prompt: written\n1 written\n"
    assert clone.texts() == {"a": "1"}


def test_a_prompt_that_moved_there_moves_here(clone: Clone, remote: Remote) -> None:
    clone.write("hello", "---\nname: greet\n---\n1")
    clone.push()
    remote.move("greet", "x/y")
    remote.edit("greet", "---\nname: greet\n---\n2")
    assert clone.pull().out == "prompts/x/y/hello.prompt: written\n1 written\n"
    assert clone.texts() == {"x/y/hello": "---\nname: greet\n---\n2"}
    assert clone.push().out == "1 unchanged\n"


def test_two_clones_converge(clone: Clone, second: Clone, remote: Remote) -> None:
    clone.write("a", "1\r\n")
    clone.write("x/b", "1")
    clone.write("y/_c", "1")
    clone.push()
    second.pull()
    assert second.texts() == {"a": "1\r\n", "x/b": "1", "_c": "1"}
    second.write("a", "2")
    (second.root / "prompts" / "x" / "b.prompt").unlink()
    second.write("_c", "2")
    assert second.push_deletions().code == 0
    assert clone.pull("--delete").lines[-1] == "2 written, 1 removed"
    assert clone.texts() == {"a": "2", "y/_c": "2"}
    for each in (clone, second):
        assert each.push().out == each.pull().out == "2 unchanged\n"


def test_only_what_is_named_is_written(clone: Clone, remote: Remote) -> None:
    for name in ("a", "b", "_c"):
        remote.edit(name, "1") if name == "_c" else remote.create(name, "1")
    remote.forget()
    assert clone.pull("a", "_c").lines[-1] == "2 written"
    assert "GET /api/prompts/b/draft" not in remote.requests
    assert clone.pull("nothing").code == 2


def test_a_project_with_errors_can_be_mended_by_a_pull(clone: Clone, remote: Remote) -> None:
    clone.write("hello", "---\nname: greet\n---\nHi")
    clone.push()
    remote.edit("greet", "---\nname: greet\n---\n{{#if a}}")
    assert clone.pull().code == 0
    remote.edit("greet", "---\nname: [\n---\nHi")
    refused = clone.pull()
    assert (refused.code, refused.lines[-1]) == (0, "1 written")
    assert clone.texts() == {"greet": "---\nname: [\n---\nHi"}
    remote.edit("greet", "Hi")
    assert clone.pull().lines[-1] == "1 written"
    assert clone.texts() == {"greet": "Hi"}


def test_a_dry_run_does_nothing(clone: Clone, remote: Remote) -> None:
    remote.create("a", "1")
    result = clone.pull("--dry-run")
    assert result.lines == [
        "prompts/a.prompt: would be written",
        "1 written (a dry run: nothing was changed)",
    ]
    assert clone.texts() == {}
    assert not (clone.root / ".promptstudio").exists()


def test_json_tells_the_same(clone: Clone, remote: Remote) -> None:
    remote.create("a", "1")
    result = json.loads(clone.pull("--json").out)
    assert (result["ok"], result["summary"]) == (True, {"written": 1})
    assert result["results"] == [
        {"kind": "prompt", "name": "a", "path": "prompts/a.prompt", "result": "written"}
    ]


HOSTILE = [
    ("../../evil", ""),
    ("/etc/evil", ""),
    ("evil", "../.."),
    ("evil", "/etc"),
    ("evil", ".git/hooks"),
    ("evil", "a\\..\\b"),
    ("evil\x1b[2J", ""),
]


@pytest.mark.parametrize(("name", "folder"), HOSTILE)
def test_a_hostile_workspace_writes_nothing_elsewhere(
    clone: Clone, remote: Remote, tmp_path: Path, name: str, folder: str
) -> None:
    """CVE-2026-34070: `../` in what is imported."""
    before = {file for file in tmp_path.rglob("*") if "workspace" not in file.parts}
    remote.on("GET /api/prompts", answers(200, {"items": [{"name": name, "folder": folder}]}))
    remote.on("GET /api/partials", answers(200, {"items": []}))
    remote.on(f"GET /api/prompts/{name}/draft", answers(200, {"text": "evil"}, ETag='"1"'))
    result = clone.pull()
    assert (result.code, result.lines[-1]) == (1, "1 refused")
    assert "\x1b" not in result.out
    assert {file for file in tmp_path.rglob("*") if "workspace" not in file.parts} == before


def test_no_link_is_followed_out(clone: Clone, remote: Remote, tmp_path: Path) -> None:
    remote.create("greet", "theirs", "x")
    remote.create("bye", "theirs")
    outside = tmp_path / "outside"
    outside.mkdir()
    (clone.root / "prompts" / "x").symlink_to(outside)
    result = clone.pull()
    assert (result.code, result.lines[-1]) == (1, "1 written, 1 refused")
    assert list(outside.iterdir()) == []


def test_a_text_that_calls_itself_otherwise_is_refused(clone: Clone, remote: Remote) -> None:
    remote.create("greet", "---\nname: other\n---\nHi")
    result = clone.pull()
    assert (result.code, result.lines[0]) == (1, "greet: refused: as a file it would be the prompt other")
    assert clone.texts() == {}


def test_no_other_file_is_overwritten(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "---\nname: other\n---\nours")
    remote.create("greet", "theirs")
    result = clone.pull()
    assert (result.code, result.lines[-1]) == (1, "1 to push, 1 refused")
    assert clone.texts() == {"greet": "---\nname: other\n---\nours"}


def test_where_git_decides_a_fresh_checkout_wins(clone: Clone, second: Clone, remote: Remote) -> None:
    """What a CI job does, which has no record of a last sync."""
    clone.write("greet", "1")
    clone.push()
    second.write("greet", "2")
    second.write("new", "2")
    assert second.push().code == 1
    assert second.pull("--ours").code == 0
    assert second.push().lines[-1] == "1 sent, 1 unchanged"
    assert remote.texts() == {"greet": "2", "new": "2"}
