"""Which key-encryption keys there are: one setting, PROMPTSTUDIO_SEALING_KEY, names them."""

import base64
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Final

from promptstudio.sealing import KEY_BYTES, KeyEncryptionKey, LocalKey, Sealer, has_secrets
from promptstudio.sealing_fetched import decoded_key
from promptstudio.sealing_gcp import secret_manager_key
from promptstudio.settings import SettingsError
from promptstudio.storage.port import Store

SETTING: Final = "PROMPTSTUDIO_SEALING_KEY"
FILE: Final = "sealing.key"

_FOR_OTHERS: Final = 0o077
_FILE_BYTES: Final = 1024
_GCP_SECRET: Final = re.compile(r"projects/[\w:.-]+/secrets/[\w-]+/versions/[\w-]+", re.ASCII)


async def open_sealer(store: Store, setting: str | None, data: Path) -> Sealer:
    """What `make_sealer` makes, but for a store that has secrets no new key: it would open none of them.

    Raises SettingsError and Unavailable.
    """
    return make_sealer(setting, data, may_be_new=not await has_secrets(store))


def make_sealer(setting: str | None, data: Path, *, may_be_new: bool = True) -> Sealer:
    """The sealer that the setting describes, by default one with a key in the folder `data`.

    `file:PATH`, `env:BASE64`, `ssm:/name`, `gcp:projects/…/secrets/…/versions/…` or `kms:ARN`; several with
    commas: the first seals, all of them open. Raises SettingsError, also for a file that is not there, unless
    it `may_be_new`.
    """
    sources = [part.strip() for part in (setting or "").split(",") if part.strip()]
    current, *older = [_key(source, may_be_new=may_be_new) for source in sources or [f"file:{data / FILE}"]]
    return Sealer(current, tuple(older))


def _key(source: str, *, may_be_new: bool) -> KeyEncryptionKey:
    kind, _, name = source.partition(":")
    if kind == "file" and name:
        return file_key(Path(name), may_be_new=may_be_new)
    if kind == "env":
        return LocalKey(decoded_key(name, f"{SETTING}, behind env:,"))
    if kind == "gcp" and _GCP_SECRET.fullmatch(name):
        return secret_manager_key(name)
    if kind in ("ssm", "kms") and name:
        return _aws_key(kind, name)
    message = f"{SETTING} should be file:PATH, env:BASE64, ssm:/name, gcp:projects/… or kms:ARN."
    raise SettingsError(message)


def _aws_key(kind: str, name: str) -> KeyEncryptionKey:
    try:
        from promptstudio.sealing_aws import kms_key, ssm_key  # late: boto3 is an extra
    except ImportError:
        message = f"{SETTING} names a key in AWS: install promptstudio[aws]."
        raise SettingsError(message) from None
    return ssm_key(name) if kind == "ssm" else kms_key(name)


def file_key(path: Path, *, may_be_new: bool = True) -> LocalKey:
    """The key in a file, made there if there is none and it `may_be_new`.

    Raises SettingsError for one that is missing, that cannot be read, or that others can read.
    """
    try:
        if not path.exists():
            if not may_be_new:
                raise _lost(path)
            _make(path)
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            text = file.read(_FILE_BYTES)
    except OSError as error:
        message = f"The sealing key {path} cannot be read: {error.strerror}."
        raise SettingsError(message) from error
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & _FOR_OTHERS:
        message = f"The sealing key {path} is open to others. Run: chmod 600 {path}"
        raise SettingsError(message)
    return LocalKey(decoded_key(text.decode("latin-1"), f"The file {path}"))


def _lost(path: Path) -> SettingsError:
    return SettingsError(
        f"The secrets in this store were sealed with a key, and {path} is not there. "
        f"Name that key in {SETTING}, or put the file back."
    )


def _make(path: Path) -> None:
    """Write a new key. It appears whole, and where several processes do so, one of them makes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())  # what is sealed with it must not outlive it
        path.hardlink_to(draft)
        _sync(path.parent)
    except FileExistsError:
        pass  # another process was first
    finally:
        draft.unlink()


def _sync(folder: Path) -> None:
    """Have a new name in a folder survive a power cut, where folders can be opened."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
