"""`promptstudio push --publish`: versions from a Git folder."""

import json

import pytest

from tests.cli.sync.conftest import Clone
from tests.cli.sync.remote import Remote, before

GREET = "---\ninput:\n  schema:\n    who: string\n---\nGreet {{who}}.\n"
WIDER = "---\ninput:\n  schema:\n    who: string\n    tone?: string\n---\nGreet {{who}} {{tone}}.\n"
NARROWER = "---\ninput:\n  schema:\n    who: string\n    tone: string\n---\nGreet {{who}} {{tone}}.\n"


def versions(remote: Remote, name: str) -> list[tuple[int, str, str]]:
    rows = remote.ask("GET", f"/api/prompts/{name}/versions")[0]["items"]
    return [(row["number"], row["semver"], row["message"]) for row in rows]


def test_what_differs_from_its_latest_version_is_published(clone: Clone, remote: Remote) -> None:
    clone.write("greet", GREET)
    clone.write("bye", "Bye")
    clone.write("_footer", "x")
    first = clone.push("--publish", "-m", "Begin")
    assert first.code == 0
    assert first.lines[3:] == [
        "prompts/bye.prompt: published: version 1, 1.0.0",
        "prompts/greet.prompt: published: version 1, 1.0.0",
        "3 sent, 2 published",
    ]
    clone.write("greet", WIDER)
    second = clone.push("--publish", "-m", "Tone")
    assert second.lines[:2] == [
        "prompts/greet.prompt: sent",
        "prompts/greet.prompt: published: version 2, 1.1.0",
    ]
    assert second.lines[-1] == "1 sent, 1 published, 2 unchanged"
    assert versions(remote, "greet") == [(2, "1.1.0", "Tone"), (1, "1.0.0", "Begin")]
    assert versions(remote, "bye") == [(1, "1.0.0", "Begin")]


def test_publishing_again_publishes_nothing(clone: Clone, remote: Remote) -> None:
    clone.write("greet", GREET)
    clone.push("--publish", "-m", "Begin")
    remote.forget()
    result = clone.push("--publish", "-m", "Again")
    assert (result.code, result.out) == (0, "1 unchanged\n")
    assert remote.sent() == []


def test_what_was_only_sent_is_published_later(clone: Clone, remote: Remote) -> None:
    clone.write("greet", GREET)
    clone.push()
    result = clone.push("--publish", "-m", "Begin")
    assert result.out == "prompts/greet.prompt: published: version 1, 1.0.0\n1 published, 1 unchanged\n"


def test_a_breaking_change_is_told_with_its_reasons_and_needs_the_word(clone: Clone, remote: Remote) -> None:
    clone.write("greet", GREET)
    clone.push("--publish", "-m", "Begin")
    clone.write("greet", NARROWER)
    refused = clone.push("--publish", "-m", "Tone")
    assert refused.code == 1
    assert refused.lines[1].startswith("prompts/greet.prompt: breaking: 2.0.0 would break")
    assert "--breaking" in refused.lines[1]
    assert "tone" in refused.lines[2]
    assert refused.lines[-1] == "1 sent, 1 breaking"
    assert len(versions(remote, "greet")) == 1
    allowed = clone.push("--publish", "-m", "Tone", "--breaking")
    assert allowed.code == 0
    assert allowed.lines[0] == "prompts/greet.prompt: published: version 2, 2.0.0"
    assert "tone" in allowed.lines[1]


def test_a_partial_that_changed_is_published_with_the_prompts_that_have_it(
    clone: Clone, remote: Remote
) -> None:
    clone.write("_footer", "One")
    clone.write("greet", "Hi {{>footer}}")
    clone.write("bye", "Bye")
    clone.push("--publish", "-m", "Begin")
    clone.write("_footer", "Two")
    result = clone.push("--publish", "-m", "Footer")
    assert result.lines[0] == "prompts/_footer.prompt: sent"
    assert result.lines[1].startswith("prompts/greet.prompt: published: version 2, 1.0.1")
    assert result.lines[-1] == "1 sent, 1 published, 2 unchanged"


def test_what_is_not_in_step_is_not_published(clone: Clone, remote: Remote) -> None:
    clone.write("greet", "1")
    clone.write("bye", "1")
    clone.push()
    remote.edit("greet", "theirs")
    remote.edit("bye", "theirs")
    clone.write("bye", "ours")
    result = clone.push("--publish", "-m", "Begin")
    assert (result.code, result.lines[2]) == (1, "1 to pull, 1 conflict")
    assert versions(remote, "greet") == versions(remote, "bye") == []


def test_a_draft_that_changes_at_that_moment_is_not_published(clone: Clone, remote: Remote) -> None:
    clone.write("greet", GREET)
    remote.on("POST /api/prompts/greet/versions", before(lambda: remote.edit("greet", "theirs")))
    result = clone.push("--publish", "-m", "Begin")
    assert (result.code, result.lines[-1]) == (1, "1 sent, 1 failed")
    assert versions(remote, "greet") == []


def test_what_has_errors_there_is_sent_and_not_published(clone: Clone, remote: Remote) -> None:
    (clone.root / "promptstudio.toml").write_text(
        'name = "acme"\n[providers.local]\ntype = "openai-chat"\nbase_url = "http://127.0.0.1:1/v1"\n'
    )
    clone.write("greet", "---\nmodel: local/small\n---\nHi")
    result = clone.push("--publish", "-m", "Begin")
    assert result.code == 1
    assert result.lines[2] == "prompts/greet.prompt: failed: it has errors, and cannot be published"
    assert "there is no provider local" in result.lines[3]
    assert versions(remote, "greet") == []


def test_a_dry_run_tells_what_would_be_published(clone: Clone, remote: Remote) -> None:
    clone.write("greet", GREET)
    clone.push()
    clone.write("new", "Hi")
    remote.forget()
    result = clone.push("--publish", "-m", "Begin", "--dry-run")
    assert result.lines == [
        "prompts/new.prompt: would be sent",
        "prompts/greet.prompt: would be published: version 1, 1.0.0",
        "prompts/new.prompt: would be published: after it is sent",
        "1 sent, 2 published, 1 unchanged (a dry run: nothing was changed)",
    ]
    assert remote.sent() == []


def test_json_tells_the_versions(clone: Clone, remote: Remote) -> None:
    clone.write("greet", GREET)
    result = clone.push("--publish", "-m", "Begin", "--json")
    published = json.loads(result.out)["results"][-1]
    assert (published["result"], published["version"], published["semver"]) == ("published", 1, "1.0.0")


@pytest.mark.parametrize(
    "arguments", [["--publish"], ["--publish", "-m", ""], ["-m", "x"], ["--breaking"]], ids=str
)
def test_options_that_do_not_fit_together_are_refused(
    clone: Clone, remote: Remote, arguments: list[str]
) -> None:
    clone.write("greet", GREET)
    assert clone.push(*arguments).code == 2
    assert remote.requests == []
