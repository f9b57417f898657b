import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from promptstudio.endpoint.keys import KeyRing, parse_records
from tests.cli.command import Command

DATABASE = Path(".promptstudio") / "promptstudio.db"


def create(promptstudio: Command, *arguments: str) -> dict[str, str]:
    made: dict[str, str] = json.loads(promptstudio("keys", "create", *arguments, "--json").stdout)
    return made


def listed(promptstudio: Command) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = json.loads(promptstudio("keys", "list", "--json").stdout)["keys"]
    return keys


def exported(promptstudio: Command) -> KeyRing:
    return KeyRing.parse(promptstudio("keys", "export").stdout)


def test_a_key_is_shown_once_and_kept_as_its_hash(promptstudio: Command, project: Path) -> None:
    created = create(promptstudio, "ci")
    assert created.keys() == {"id", "key"}
    kept = b"".join(path.read_bytes() for path in (project / ".promptstudio").iterdir())
    assert created["key"].encode() not in kept
    assert sha256(created["key"].encode()).hexdigest().encode() in kept
    assert stat.S_IMODE((project / DATABASE).stat().st_mode) == 0o600


def test_without_the_stores_sealing_key_no_other_is_made(promptstudio: Command, project: Path) -> None:
    setting = {"PROMPTSTUDIO_SEALING_KEY": "env:" + base64.b64encode(bytes(32)).decode()}
    assert promptstudio("keys", "create", "ci", **setting).returncode == 0
    for command in (["create", "other"], ["rotate", "ci"], ["revoke", "ci"]):
        refused = promptstudio("keys", *command)
        assert refused.returncode == 1
        assert "Name that key in PROMPTSTUDIO_SEALING_KEY" in refused.stderr
        assert not (project / ".promptstudio" / "sealing.key").exists()
    assert promptstudio("keys", "revoke", "ci", **setting).returncode == 0


def test_it_says_how_a_target_gets_the_key(promptstudio: Command, project: Path) -> None:
    result = promptstudio("keys", "create", "ci")
    assert "promptstudio keys export | npx wrangler secret put PROMPTSTUDIO_KEYS" in result.stderr


def test_it_warns_where_the_environment_overrides_the_store(promptstudio: Command, project: Path) -> None:
    result = promptstudio("keys", "create", "ci", PROMPTSTUDIO_KEYS="[]")
    assert "PROMPTSTUDIO_KEYS is set here" in result.stderr


def test_keys_are_listed_without_secrets(promptstudio: Command, project: Path) -> None:
    ci = create(promptstudio, "ci")
    web = create(promptstudio, "web", "--scopes", "run, read", "--prompts", "greet,bye", "--expires", "30d")
    first, second = listed(promptstudio)
    assert (first["id"], first["name"], first["scopes"]) == (ci["id"], "ci", ["run"])
    assert (second["id"], second["scopes"], second["prompts"]) == (
        web["id"],
        ["read", "run"],
        ["bye", "greet"],
    )
    assert "expires_at" not in first
    assert "expires_at" in second
    shown = promptstudio("keys", "list").stdout + json.dumps([first, second])
    for made in (ci, web):
        assert made["id"] in shown
        assert made["key"] not in shown
        assert sha256(made["key"].encode()).hexdigest() not in shown


def test_a_revoked_key_is_exported_no_more(promptstudio: Command, project: Path) -> None:
    first, second = create(promptstudio, "ci"), create(promptstudio, "web")
    ring = exported(promptstudio)
    assert ring.holds(first["key"].encode())
    assert ring.holds(second["key"].encode())
    assert promptstudio("keys", "revoke", first["id"]).returncode == 0
    assert promptstudio("keys", "revoke", "web").returncode == 0
    assert promptstudio("keys", "export").stdout == "[]\n"
    assert all("revoked_at" in key for key in listed(promptstudio))


def test_a_rotated_key_overlaps_with_its_successor(promptstudio: Command, project: Path) -> None:
    old = create(promptstudio, "ci", "--scopes", "run,read")
    result = promptstudio("keys", "rotate", "ci", "--overlap", "1h", "--json")
    new = json.loads(result.stdout)
    records = {record.id: record for record in parse_records(promptstudio("keys", "export").stdout)}
    assert records.keys() == {old["id"], new["id"]}
    assert records[old["id"]].expires_at is not None
    assert records[new["id"]].expires_at is None
    assert promptstudio("keys", "revoke", "ci").returncode == 0, "the name is the successor's now"
    assert [("revoked_at" in key) for key in listed(promptstudio)] == [False, True]


def test_a_target_gets_only_keys_that_it_can_hold_to_their_limits(
    promptstudio: Command, project: Path
) -> None:
    limited = create(promptstudio, "limited", "--prompts", "greet")
    reader = create(promptstudio, "reader", "--scopes", "read")
    everything = create(promptstudio, "everything", "--scopes", "admin")
    result = promptstudio("keys", "export")
    assert [record.id for record in parse_records(result.stdout)] == [everything["id"]]
    assert f"{limited['id']} (limited) is left out" in result.stderr
    assert reader["id"] not in result.stderr


def test_an_ambiguous_or_unknown_key_is_not_revoked(promptstudio: Command, project: Path) -> None:
    ids = [create(promptstudio, "ci")["id"] for _ in range(2)]
    ambiguous = promptstudio("keys", "revoke", "ci")
    assert ambiguous.returncode == 1
    assert all(key_id in ambiguous.stderr for key_id in ids)
    assert promptstudio("keys", "revoke", "key_nonsense").returncode == 1
    assert not any("revoked_at" in key for key in listed(promptstudio))


def test_no_key_is_lost_when_several_are_created_at_once(promptstudio: Command, project: Path) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda number: promptstudio("keys", "create", f"k{number}"), range(4)))
    keys = listed(promptstudio)
    assert sorted(key["name"] for key in keys) == ["k0", "k1", "k2", "k3"]
    assert len({key["created_by"] for key in keys}) == 1, "there is one local workspace, with one owner"


def test_a_damaged_store_is_named_and_left_alone(promptstudio: Command, project: Path) -> None:
    file = project / DATABASE
    file.parent.mkdir()
    file.write_text("this is no database" * 100)
    result = promptstudio("keys", "create", "ci")
    assert result.returncode == 1
    assert str(file) in result.stderr
    assert file.read_text() == "this is no database" * 100


def test_a_file_of_an_earlier_version_is_said_to_be_read_no_longer(
    promptstudio: Command, project: Path
) -> None:
    (project / ".promptstudio").mkdir()
    (project / ".promptstudio" / "keys.json").write_text("[]")
    result = promptstudio("keys", "list")
    assert "keys.json is of an earlier version" in result.stderr


def test_another_data_folder_needs_no_project(promptstudio: Command, tmp_path: Path) -> None:
    assert promptstudio("keys", "create", "ci", "--data", "state").returncode == 0
    assert (tmp_path / "state" / "promptstudio.db").is_file()


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "n" * 65])
def test_a_key_needs_a_name(promptstudio: Command, project: Path, name: str) -> None:
    result = promptstudio("keys", "create", name)
    assert result.returncode == 2
    assert "1 to 64 printable characters" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "ci", "--scopes", "root"], "run, read, write, deploy and admin"),
        (["create", "ci", "--scopes", ""], "run, read, write, deploy and admin"),
        (["create", "ci", "--prompts", "Not A Slug"], "by their names"),
        (["create", "ci", "--expires", "soon"], '"soon" is no span of time'),
        (["create", "ci", "--expires", "1s"], "a minute to ten years"),
        (["rotate", "ci", "--overlap", "60d"], "30 days at most"),
    ],
)
def test_a_mistake_is_explained(
    promptstudio: Command, project: Path, arguments: list[str], said: str
) -> None:
    result = promptstudio("keys", *arguments)
    assert result.returncode == 2
    assert said in result.stderr
    assert not (project / ".promptstudio").exists()


def test_a_key_that_may_do_more_than_prompts_allow_is_refused(promptstudio: Command, project: Path) -> None:
    result = promptstudio("keys", "create", "ci", "--scopes", "admin", "--prompts", "greet")
    assert result.returncode == 1
    assert "/prompts: cannot limit" in result.stderr
