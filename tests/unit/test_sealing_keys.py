"""The setting that names the sealing keys, and the file that holds one on a laptop."""

import base64
import stat
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from promptstudio.sealing import Context, LocalKey, derived_secret
from promptstudio.sealing_fetched import FetchedKey
from promptstudio.sealing_keys import FILE, SETTING, file_key, make_sealer, open_sealer
from promptstudio.settings import SettingsError
from promptstudio.storage.sqlite import SqliteStore

KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()


def test_without_a_setting_the_key_is_a_new_file_in_the_data_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    sealer = make_sealer(None, folder)
    path = folder / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(base64.b64decode(path.read_text())) == 32
    assert [file.name for file in folder.iterdir()] == [FILE]
    assert make_sealer("", folder).current == sealer.current == file_key(path)


def test_of_many_who_need_the_file_one_makes_it(tmp_path: Path) -> None:
    found: list[LocalKey] = []
    threads = [
        threading.Thread(target=lambda: found.append(file_key(tmp_path / "new" / FILE))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len({key.id for key in found}) == 1
    assert [file.name for file in (tmp_path / "new").iterdir()] == [FILE]


@pytest.mark.parametrize("setting", [None, "file:{}/sealing.key", "env:" + TEXT + ",file:{}/sealing.key"])
async def test_a_store_that_has_secrets_gets_no_new_key(tmp_path: Path, setting: str | None) -> None:
    setting = setting and setting.format(tmp_path)
    store = SqliteStore(tmp_path / "store.sqlite")
    await derived_secret(store, await open_sealer(store, setting, tmp_path), "sessions")
    kept = (tmp_path / FILE).rename(tmp_path / "away")
    with pytest.raises(SettingsError, match=f"Name that key in {SETTING}"):
        await open_sealer(store, setting, tmp_path)
    assert not (tmp_path / FILE).exists()
    kept.rename(tmp_path / FILE)
    await derived_secret(store, await open_sealer(store, setting, tmp_path), "sessions")
    await store.close()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / FILE
    file_key(path)
    path.chmod(mode)
    with pytest.raises(SettingsError, match="chmod 600"):
        file_key(path)


@pytest.mark.parametrize("text", ["", "not base64", TEXT[:-4], TEXT + TEXT, KEY.hex(), "\xff"])
def test_a_file_without_a_key_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / FILE
    path.write_text(text, encoding="latin-1")
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="32 random bytes in base64") as refused:
        file_key(path)
    assert not text or text not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        file_key(tmp_path)


async def test_the_first_key_seals_and_all_of_them_open(tmp_path: Path) -> None:
    context = Context("ws_a", "test")
    older = make_sealer(f"file:{tmp_path / 'old'}", tmp_path)
    sealed = await older.seal(SecretStr("s"), context)
    both = make_sealer(f"env:{TEXT}, file:{tmp_path / 'old'}", tmp_path)
    assert both.current == LocalKey(KEY)
    assert (await both.open(sealed, context)).get_secret_value() == "s"


def test_clouds_are_named_and_not_asked_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for source in (
        "ssm:/promptstudio/key",
        "gcp:projects/p/secrets/s/versions/3",
        "kms:arn:aws:kms:eu:1:key/a",
    ):
        assert len(make_sealer(source, tmp_path).current.id) == 16
    assert isinstance(make_sealer("ssm:/promptstudio/key", tmp_path).current, FetchedKey)


@pytest.mark.parametrize(
    "setting",
    [
        *(
            "secret",
            "file:",
            "ssm:",
            "kms:",
            "gcp:",
            "gcp:projects/p/secrets/s",
            "gcp:projects/p/../secrets/s/versions/1",
        ),
        *("vault:x", "gcp:projects/p/secrets/s/versions/1?x=y"),
    ],
)
def test_a_setting_of_another_form_is_refused(setting: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PROMPTSTUDIO_SEALING_KEY should be file:PATH"):
        make_sealer(setting, tmp_path)


def test_a_key_in_the_environment_is_never_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        make_sealer(f"env:{TEXT[:-5]}", tmp_path)
    assert TEXT[:10] not in str(refused.value)
    assert TEXT[:10] not in repr(make_sealer(f"env:{TEXT}", tmp_path))
    assert repr(KEY)[2:10] not in repr(make_sealer(f"env:{TEXT}", tmp_path))


def test_aws_without_a_region_is_told_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for source in ("ssm:/key", "kms:alias/key"):
        with pytest.raises(SettingsError, match="region"):
            make_sealer(source, tmp_path)
