import json
import stat
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from tests.cli.command import Command


def test_a_key_is_shown_once_and_kept_as_its_hash(promptstudio: Command, project: Path) -> None:
    result = promptstudio("keys", "create", "ci", "--json")
    created = json.loads(result.stdout)
    assert created.keys() == {"id", "key"}
    file = project / ".promptstudio" / "keys.json"
    [kept] = json.loads(file.read_text())
    assert kept["id"] == created["id"]
    assert kept["name"] == "ci"
    assert kept["hash"] == sha256(created["key"].encode()).hexdigest()
    assert created["key"] not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_says_how_a_target_gets_the_key(promptstudio: Command, project: Path) -> None:
    result = promptstudio("keys", "create", "ci")
    path = project / ".promptstudio" / "keys.json"
    assert f"npx wrangler secret put PROMPTSTUDIO_KEYS < {path}" in result.stderr


def test_it_warns_where_the_environment_overrides_the_file(promptstudio: Command, project: Path) -> None:
    result = promptstudio("keys", "create", "ci", PROMPTSTUDIO_KEYS="[]")
    assert "PROMPTSTUDIO_KEYS is set here" in result.stderr


def test_keys_are_listed_without_secrets(promptstudio: Command, project: Path) -> None:
    created = [json.loads(promptstudio("keys", "create", name, "--json").stdout) for name in ("ci", "web")]
    listed = json.loads(promptstudio("keys", "list", "--json").stdout)["keys"]
    assert [(key["id"], key["name"]) for key in listed] == [
        (created[0]["id"], "ci"),
        (created[1]["id"], "web"),
    ]
    assert all(key.keys() == {"id", "name", "created_at"} for key in listed)
    plain = promptstudio("keys", "list").stdout
    assert created[0]["id"] in plain
    assert created[0]["key"] not in plain


def test_a_revoked_key_is_gone(promptstudio: Command, project: Path) -> None:
    first = json.loads(promptstudio("keys", "create", "ci", "--json").stdout)
    promptstudio("keys", "create", "web")
    assert promptstudio("keys", "revoke", first["id"]).returncode == 0
    assert promptstudio("keys", "revoke", "web").returncode == 0
    assert json.loads(promptstudio("keys", "list", "--json").stdout) == {"keys": []}


def test_an_ambiguous_or_unknown_key_is_not_revoked(promptstudio: Command, project: Path) -> None:
    ids = [json.loads(promptstudio("keys", "create", "ci", "--json").stdout)["id"] for _ in range(2)]
    ambiguous = promptstudio("keys", "revoke", "ci")
    assert ambiguous.returncode == 1
    assert all(key_id in ambiguous.stderr for key_id in ids)
    assert promptstudio("keys", "revoke", "key_nonsense").returncode == 1
    assert len(json.loads(promptstudio("keys", "list", "--json").stdout)["keys"]) == 2


def test_no_key_is_lost_when_two_are_created_at_once(promptstudio: Command, project: Path) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda number: promptstudio("keys", "create", f"k{number}"), range(4)))
    listed = json.loads(promptstudio("keys", "list", "--json").stdout)["keys"]
    assert sorted(key["name"] for key in listed) == ["k0", "k1", "k2", "k3"]
    assert [path.name for path in (project / ".promptstudio").iterdir()] == ["keys.json"]


def test_a_damaged_file_is_named_and_left_alone(promptstudio: Command, project: Path) -> None:
    file = project / ".promptstudio" / "keys.json"
    file.parent.mkdir()
    file.write_text("{")
    result = promptstudio("keys", "create", "ci")
    assert result.returncode == 1
    assert str(file) in result.stderr
    assert file.read_text() == "{"


def test_another_data_folder_needs_no_project(promptstudio: Command, tmp_path: Path) -> None:
    assert promptstudio("keys", "create", "ci", "--data", "state").returncode == 0
    assert (tmp_path / "state" / "keys.json").is_file()


def test_a_key_needs_a_name(promptstudio: Command, project: Path) -> None:
    for name in ("", "   ", "a\nb", "n" * 65):
        result = promptstudio("keys", "create", name)
        assert result.returncode == 2
        assert "1 to 64 printable characters" in result.stderr
