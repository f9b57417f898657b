"""`promptstudio audit export` of a workspace that is elsewhere."""

from collections.abc import Callable

from promptstudio.audit.chain import EntryLine, HeadLine, read_line
from tests.cli.sync.conftest import Clone, Ran
from tests.cli.sync.remote import Remote, answers


def test_an_admins_key_exports_what_was_pushed(clone: Clone, remote: Remote, run: Callable[..., Ran]) -> None:
    clone.write("greet", "Hello")
    assert clone.push().code == 0
    ran = run(clone.root, "audit", "export", PROMPTSTUDIO_API_KEY=remote.admin)
    assert ran.code == 0, ran.err
    *entries, end = [read_line(line.encode()) for line in ran.lines]
    first = entries[0]
    assert isinstance(first, EntryLine)
    assert first.members["action"] == "prompt.created"
    assert isinstance(end, HeadLine)
    assert ran.err.startswith(f"Head: {end.head}\n")


def test_a_key_with_less_is_told_what_it_takes(clone: Clone, run: Callable[..., Ran]) -> None:
    ran = run(clone.root, "audit", "export")
    assert ran.code == 1
    assert "the scope admin" in ran.err
    assert ran.out == ""


def test_an_export_that_ends_early_is_said_to_be_cut_off(
    clone: Clone, remote: Remote, run: Callable[..., Ran]
) -> None:
    remote.on("GET /api/audit/export", answers(200, b'{"seq":1}\n'))
    ran = run(clone.root, "audit", "export", PROMPTSTUDIO_API_KEY=remote.admin)
    assert (ran.code, ran.out) == (1, '{"seq":1}\n')
    assert "was cut off" in ran.err


def test_what_cannot_be_reached_is_said(clone: Clone, remote: Remote, run: Callable[..., Ran]) -> None:
    ran = run(clone.root, "audit", "export", "--url", "http://127.0.0.1:1", PROMPTSTUDIO_API_KEY=remote.admin)
    assert ran.code == 1
    assert "cannot be reached" in ran.err
