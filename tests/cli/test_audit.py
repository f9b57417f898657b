"""`promptstudio audit`: from an export to the first entry that is not as it was written."""

import json
import stat
from pathlib import Path

import pytest

from tests.cli.command import Command


@pytest.fixture
def export(promptstudio: Command, project: Path) -> Path:
    """The export of a log with four entries."""
    for name in ("one", "two", "three"):
        promptstudio("keys", "create", name)
    promptstudio("keys", "revoke", "two")
    result = promptstudio("audit", "export")
    assert result.returncode == 0, result.stderr
    file = project / "audit.jsonl"
    file.write_text(result.stdout, encoding="utf-8", newline="")
    return file


def head_of(promptstudio: Command) -> str:
    """The head as the command tells it beside an export."""
    said = promptstudio("audit", "export").stderr.splitlines()[0]
    assert said.startswith("Head: ")
    return said.removeprefix("Head: ")


def test_what_the_command_does_to_keys_is_in_the_log(export: Path) -> None:
    entries = [json.loads(line) for line in export.read_text(encoding="utf-8").splitlines()[:-1]]
    told = [(entry["action"], entry["target"]["name"]) for entry in entries]
    assert told == [*(("key.created", name) for name in ("one", "two", "three")), ("key.revoked", "two")]
    assert {entry["from"]["user_agent"] for entry in entries} == {"promptstudio keys"}
    assert "ps_live_" not in export.read_text(encoding="utf-8")


def test_an_export_is_verified_with_the_local_key(promptstudio: Command, export: Path) -> None:
    for arguments in (["audit.jsonl"], ["audit.jsonl", "--head", head_of(promptstudio)]):
        result = promptstudio("audit", "verify", *arguments)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.startswith("4 entries, up to entry 4, are as they were written")
    piped = promptstudio("audit", "verify", "-", stdin=export.read_text(encoding="utf-8"))
    assert piped.stdout == result.stdout


@pytest.mark.parametrize(
    ("sed", "said"),
    [
        (lambda lines: [*lines[:1], lines[1].replace("two", "tow"), *lines[2:]], "Entry 2 is altered"),
        (lambda lines: [lines[0], *lines[2:]], "Entry 2 is missing"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "Entry 2 is reordered"),
        (lambda lines: lines[:2], "Entry 3 is cut off"),
        (lambda lines: [], "Entry 1 is cut off"),
        (lambda lines: ["", *lines], "Entry 1 is altered"),
        (lambda lines: ["x" * 3_000_000, *lines], "Entry 1 is altered"),
    ],
)
def test_the_first_fault_is_named(promptstudio: Command, export: Path, sed: object, said: str) -> None:
    assert callable(sed)
    lines = export.read_text(encoding="utf-8").splitlines()
    export.write_text("".join(line + "\n" for line in sed(lines)), encoding="utf-8", newline="")
    result = promptstudio("audit", "verify", "audit.jsonl")
    assert result.returncode == 1
    assert result.stderr.startswith(f"Error: {said} (line ")
    assert result.stdout == ""


def test_elsewhere_it_takes_the_key_or_a_noted_head(promptstudio: Command, export: Path) -> None:
    head, elsewhere = head_of(promptstudio), export.parent / "elsewhere"
    elsewhere.mkdir()
    assert promptstudio("audit", "key", "elsewhere/audit.key").returncode == 0
    assert stat.S_IMODE((elsewhere / "audit.key").stat().st_mode) == 0o600
    (export.parent / "promptstudio.toml").unlink()
    export.rename(elsewhere / "audit.jsonl")

    def verify(*arguments: str) -> tuple[int, str]:
        result = promptstudio("audit", "verify", "audit.jsonl", *arguments, folder="elsewhere")
        return result.returncode, result.stderr

    assert verify("--key-file", "audit.key") == (0, "")
    assert verify("--head", head) == (0, "")
    lines = (elsewhere / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    earlier = f"3:{json.loads(lines[3])['previous']}"
    proved = promptstudio("audit", "verify", "audit.jsonl", "--head", earlier, folder="elsewhere")
    assert proved.stdout.splitlines()[1] == f"Head: {earlier}"
    assert "nothing proves the entries behind 3" in proved.stderr
    assert verify("--head", "0:" + "0" * 64)[0] == 1
    code, said = verify()
    assert code == 1
    assert "can have made it up" in said
    code, said = verify("--head", "3:" + "0" * 64)
    assert (code, said.startswith("Error: Entry 3 is altered")) == (1, True)
    assert verify("--head", "three")[0] == 2
    (elsewhere / "audit.key").write_text("AAAA", encoding="utf-8")
    code, said = verify("--key-file", "audit.key")
    assert (code, "should hold 32 random bytes" in said, "fault of ours" in said) == (1, True, False)


def test_another_workspaces_store_is_not_asked_and_gets_no_key(
    promptstudio: Command, export: Path, tmp_path: Path
) -> None:
    head, other = head_of(promptstudio), tmp_path / "other"
    assert promptstudio("keys", "list", "--data", "other").returncode == 0
    before = {path.name for path in other.iterdir()}
    verify = ("audit", "verify", "audit.jsonl", "--data", "other")
    good = promptstudio(*verify, "--head", head, PROMPTSTUDIO_SEALING_KEY="nonsense")
    assert (good.returncode, good.stderr) == (0, "")
    assert {path.name for path in other.iterdir()} == before
    assert "can have made it up" in promptstudio(*verify).stderr


def test_a_local_store_that_does_not_open_leaves_the_head_that_was_noted(
    promptstudio: Command, export: Path
) -> None:
    head, key = head_of(promptstudio), export.parent / ".promptstudio" / "sealing.key"
    key.unlink()
    good = promptstudio("audit", "verify", "audit.jsonl", "--head", head)
    assert (good.returncode, "Only --head is used" in good.stderr) == (0, True)
    refused = promptstudio("audit", "verify", "audit.jsonl")
    assert (refused.returncode, "PROMPTSTUDIO_SEALING_KEY" in refused.stderr) == (1, True)
    assert not key.exists()


def test_a_later_export_goes_on_from_the_head_of_an_earlier_one(promptstudio: Command, export: Path) -> None:
    head = head_of(promptstudio)
    promptstudio("keys", "create", "four")
    later = promptstudio("audit", "export", "--after", "4").stdout
    assert len(later.splitlines()) == 2
    good = promptstudio("audit", "verify", "-", "--after", head, stdin=later)
    assert (good.returncode, good.stdout.splitlines()[0][:26]) == (0, "1 entries, up to entry 5, ")
    assert promptstudio("audit", "verify", "-", stdin=later).returncode == 1
    assert promptstudio("audit", "verify", "-", "--after", head, "--head", head, stdin=later).returncode == 0
    for unseen in ("4:" + "f" * 64, "2:" + "f" * 64):
        refused = promptstudio("audit", "verify", "-", "--after", head, "--head", unseen, stdin=later)
        assert refused.returncode == 2
        assert "begins behind --head" in refused.stderr


def test_outside_a_project_there_is_nothing_to_export(promptstudio: Command, tmp_path: Path) -> None:
    for arguments in (["export"], ["key", "audit.key"]):
        assert promptstudio("audit", *arguments).returncode == 1
    assert list(tmp_path.iterdir()) == []
