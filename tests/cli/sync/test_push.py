"""`promptstudio push`, to a workspace that others change too."""

import json
from pathlib import Path

import pytest

from tests.cli.sync.conftest import Clone
from tests.cli.sync.remote import Remote, before

GREET = "---\ninput:\n  schema:\n    who: string\n---\nGreet {{who}}.\n"


def test_a_new_project_is_sent_partials_first(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "{{>footer}}Hi")
    clone.write("support/mail/reply", "Dear\r\n")
    clone.write("support/_footer", "Bye")
    result = clone.push()
    assert (result.code, result.err) == (0, "")
    assert result.lines == [
        "prompts/support/_footer.prompt: sent",
        "prompts/greet.prompt: sent",
        "prompts/support/mail/reply.prompt: sent",
        "3 sent",
    ]
    assert remote.texts() == {"greet": "{{>footer}}Hi", "support/mail/reply": "Dear\r\n", "_footer": "Bye"}
    assert remote.sent() == ["PUT /api/partials/footer", "POST /api/prompts", "POST /api/prompts"]


def test_pushing_again_sends_nothing(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "Hi")
    clone.push()
    remote.forget()
    result = clone.push()
    assert (result.code, result.out) == (0, "1 unchanged\n")
    assert remote.sent() == []


def test_only_what_changed_is_sent(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "Hi")
    clone.write("bye", "Bye")
    clone.write("_footer", "One")
    clone.push()
    remote.forget()
    clone.write("greet", "Hello\r\n")
    clone.write("_footer", "Two")
    result = clone.push()
    assert result.lines == [
        "prompts/_footer.prompt: sent",
        "prompts/greet.prompt: sent",
        "2 sent, 1 unchanged",
    ]
    assert remote.sent() == ["PUT /api/partials/footer", "PUT /api/prompts/greet/draft"]
    assert remote.texts() == {"greet": "Hello\r\n", "bye": "Bye", "_footer": "Two"}


def test_what_changed_there_is_told_and_stays(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "Hi")
    clone.push()
    remote.edit("greet", "Theirs")
    remote.create("new", "New")
    remote.forget()
    result = clone.push()
    assert result.code == 0
    assert result.lines == [
        "prompts/greet.prompt: to pull: changed in the workspace; pull first",
        "new: to pull: new in the workspace",
        "2 to pull",
    ]
    assert remote.sent() == []
    assert clone.texts() == {"greet": "Hi"}


def test_a_conflict_is_refused_and_the_others_still_go(clone: Clone, remote: Remote) -> None:
    for name in ("a", "b", "c"):
        clone.write(name, "1")
    clone.push()
    remote.edit("b", "theirs")
    for name in ("a", "b", "c"):
        clone.write(name, "ours")
    result = clone.push()
    assert result.code == 1
    assert result.lines[:4] == [
        "prompts/a.prompt: sent",
        "prompts/b.prompt: conflict: changed here and in the workspace since the last sync",
        "prompts/c.prompt: sent",
        "2 sent, 1 conflict",
    ]
    assert "promptstudio pull --diff b" in result.out
    assert remote.texts() == {"a": "ours", "b": "theirs", "c": "ours"}


def test_without_a_record_nothing_is_overwritten(clone: Clone, remote: Remote) -> None:
    remote.create("greet", "theirs")
    remote.create("same", "same", "x")
    remote.edit("_footer", "theirs")
    clone.write("greet", "ours")
    clone.write("x/same", "same")
    clone.write("_footer", "ours")
    remote.forget()
    result = clone.push()
    assert (result.code, result.lines[2]) == (1, "1 unchanged, 2 conflicts")
    assert remote.sent() == []
    assert clone.push().code == 1


def test_what_both_sides_came_to_by_themselves_is_no_conflict(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "1")
    clone.push()
    remote.edit("greet", "2")
    clone.write("greet", "2")
    remote.forget()
    assert clone.push().out == "1 unchanged\n"
    assert remote.sent() == []
    clone.write("greet", "3")
    assert clone.push().out == "prompts/greet.prompt: sent\n1 sent\n"


def test_errors_stop_everything_before_it_begins(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "Hi")
    clone.write("bad", "{{#if a}}")
    remote.forget()
    result = clone.push()
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("prompts/bad.prompt:1:1: error: ")
    assert remote.requests == []


def test_a_deletion_is_told_and_made_there_only_when_asked_for(clone: Clone, remote: Remote) -> None:
    files = [clone.write(name, "Hi") for name in ("a", "b", "_c")]
    clone.push()
    for file in files:
        file.unlink()
    remote.edit("b", "theirs")
    told = clone.push()
    assert (told.code, told.lines[3]) == (1, "2 deleted here, 1 conflict")
    assert set(remote.texts()) == {"a", "b", "_c"}
    remote.forget()
    result = clone.push_deletions()
    assert result.code == 1
    assert result.lines[:4] == [
        "prompts/b.prompt: conflict: deleted here, but changed in the workspace",
        "prompts/a.prompt: deleted",
        "prompts/_c.prompt: deleted",
        "2 deleted, 1 conflict",
    ]
    assert remote.sent() == ["DELETE /api/prompts/a", "DELETE /api/partials/c"]
    assert remote.texts() == {"b": "theirs"}


def test_what_was_deleted_there_is_not_brought_back(clone: Clone, remote: Remote) -> None:
    clone.write("same", "Hi")
    clone.write("changed", "Hi")
    clone.push()
    remote.delete("same")
    remote.delete("changed")
    clone.write("changed", "Ho")
    result = clone.push()
    assert (result.code, result.lines[2]) == (1, "1 deleted there, 1 conflict")
    assert remote.texts() == {}
    assert clone.texts() == {"same": "Hi", "changed": "Ho"}


def test_a_file_that_moved_moves_there(clone: Clone, remote: Remote) -> None:
    file = clone.write("greet", "Hi")
    clone.push()
    (file.parent / "x").mkdir()
    file.rename(file.parent / "x" / "greet.prompt")
    remote.forget()
    assert clone.push().out == "prompts/x/greet.prompt: sent\n1 sent\n"
    assert remote.sent() == ["PATCH /api/prompts/greet"]
    assert remote.texts() == {"x/greet": "Hi"}
    assert clone.push().out == "1 unchanged\n"


def test_a_renamed_prompt_is_a_new_one_and_a_deleted_one(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "Hi")
    clone.push()
    clone.write("greet", "---\nname: hello\n---\nHi")
    assert clone.push_deletions().lines[-1] == "1 sent, 1 deleted"
    assert remote.texts() == {"hello": "---\nname: hello\n---\nHi"}


def test_several_files_of_one_prompt_are_refused(clone: Clone, remote: Remote) -> None:
    clone.write("v1", "---\nname: greet\nversion: 1\n---\nHi")
    clone.write("v2", "---\nname: greet\nversion: 2\n---\nHi")
    clone.write("bye", "Bye")
    result = clone.push()
    assert (result.code, result.lines[-1]) == (1, "1 sent, 1 refused")
    assert "both prompts/v1.prompt and prompts/v2.prompt" in result.out
    assert remote.texts() == {"bye": "Bye"}


def test_only_what_is_named_is_sent(clone: Clone, remote: Remote) -> None:
    for name in ("a", "b", "_c"):
        clone.write(name, "Hi")
    assert clone.push("a", "_c").lines[-1] == "2 sent"
    assert set(remote.texts()) == {"a", "_c"}
    unknown = clone.push("nothing")
    assert unknown.code == 2
    assert 'There is no prompt "nothing"' in unknown.err


def test_what_the_workspace_finds_is_told(clone: Clone, remote: Remote) -> None:
    """A provider that this project declares and the workspace does not."""
    (clone.root / "promptstudio.toml").write_text(
        'name = "acme"\n[providers.local]\ntype = "openai-chat"\nbase_url = "http://127.0.0.1:1/v1"\n'
    )
    clone.write("greet", "---\nmodel: local/small\n---\nHi")
    result = clone.push()
    assert result.code == 0
    assert result.lines[0] == "prompts/greet.prompt: sent"
    assert result.lines[1].startswith("  2:1: error: there is no provider local")


def test_a_dry_run_does_nothing(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "Hi")
    result = clone.push("--dry-run")
    assert (result.code, result.lines) == (
        0,
        ["prompts/greet.prompt: would be sent", "1 sent (a dry run: nothing was changed)"],
    )
    assert remote.sent() == []
    assert not (clone.root / ".promptstudio").exists()


def test_json_tells_the_same(clone: Clone, remote: Remote) -> None:
    clone.write("a", "Hi")
    clone.write("x/b", "ours")
    remote.create("b", "theirs", "x")
    result = clone.push("--json")
    assert (result.code, result.err) == (1, "")
    assert json.loads(result.out) == {
        "ok": False,
        "complete": True,
        "dry_run": False,
        "url": remote.url,
        "summary": {"sent": 1, "conflict": 1},
        "results": [
            {"kind": "prompt", "name": "a", "path": "prompts/a.prompt", "result": "sent"},
            {
                "kind": "prompt",
                "name": "b",
                "path": "prompts/x/b.prompt",
                "result": "conflict",
                "detail": "here and in the workspace, and the two differ",
            },
        ],
    }


@pytest.mark.parametrize(
    ("what", "request_", "theirs"),
    [
        ("greet", "PUT /api/prompts/greet/draft", {"greet": "theirs", "_footer": "1"}),
        ("_footer", "PUT /api/partials/footer", {"greet": "1", "_footer": "theirs"}),
        ("_new", "PUT /api/partials/new", {"greet": "1", "_footer": "1", "_new": "theirs"}),
    ],
)
def test_a_text_that_changes_at_the_very_moment_is_not_overwritten(
    clone: Clone, remote: Remote, what: str, request_: str, theirs: dict[str, str]
) -> None:
    clone.write("greet", "1")
    clone.write("_footer", "1")
    clone.push()
    clone.write(what, "ours")
    remote.on(request_, before(lambda: remote.edit(what, "theirs")))
    for _ in range(2):
        result = clone.push()
        assert result.code == 1
        assert result.lines[0].startswith(f"prompts/{what}.prompt: conflict: ")
        assert remote.texts() == theirs


def test_a_prompt_that_somebody_makes_at_the_very_moment_is_not_overwritten(
    clone: Clone, remote: Remote
) -> None:
    clone.write("new", "ours")
    remote.on("POST /api/prompts", before(lambda: remote.create("new", "theirs")))
    assert clone.push().lines == ["prompts/new.prompt: failed: There is a prompt new already.", "1 failed"]
    assert clone.push().lines[0].startswith("prompts/new.prompt: conflict: ")
    assert remote.texts() == {"new": "theirs"}


def test_a_prompt_that_moves_at_the_very_moment_stays_there(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "1")
    clone.push()
    (clone.root / "prompts" / "greet.prompt").unlink()
    clone.write("x/greet", "1")
    remote.on("PATCH /api/prompts/greet", before(lambda: remote.move("greet", "y")))
    for _ in range(2):
        assert clone.push().lines[0].startswith("prompts/x/greet.prompt: conflict: ")
    assert remote.texts() == {"y/greet": "1"}


def test_a_draft_that_changes_at_the_very_moment_is_not_deleted(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "1").unlink()
    clone.write("greet", "1")
    clone.push()
    (clone.root / "prompts" / "greet.prompt").unlink()
    remote.on("GET /api/prompts/greet", before(lambda: remote.edit("greet", "theirs")))
    for _ in range(2):
        assert clone.push_deletions().lines[0].startswith("prompts/greet.prompt: conflict: ")
    assert remote.texts() == {"greet": "theirs"}


def test_each_workspace_is_in_step_by_itself(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "Hi")
    clone.push()
    other = remote.key_of_another_workspace()
    assert clone.push(PROMPTSTUDIO_API_KEY=other).out == "prompts/greet.prompt: sent\n1 sent\n"
    clone.write("greet", "Ho")
    assert clone.push(PROMPTSTUDIO_API_KEY=other).out == "prompts/greet.prompt: sent\n1 sent\n"
    assert clone.push().out == "prompts/greet.prompt: sent\n1 sent\n"


def test_a_prompt_of_a_folder_that_cannot_be_there_is_named(clone: Clone, remote: Remote) -> None:
    clone.write(".hidden/greet", "Hi")
    clone.write("bye", "Bye")
    result = clone.push()
    assert (result.code, result.lines[-1]) == (1, "1 sent, 1 failed")
    assert result.lines[1].startswith("prompts/.hidden/greet.prompt: failed: ")
    assert "/folder: " in result.lines[1]
    assert remote.texts() == {"bye": "Bye"}


def test_the_record_is_ignored_by_git(tmp_path: Path) -> None:
    starter = Path(__file__).parents[3] / "cli" / "promptstudio_cli" / "starter" / "gitignore"
    assert ".promptstudio/" in starter.read_text().splitlines()
