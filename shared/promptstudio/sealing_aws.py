"""Sealing keys in AWS: a SecureString of SSM, or a key of KMS, which never leaves it."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from promptstudio.platform_errors import PlatformError
from promptstudio.sealing import Context, key_id
from promptstudio.sealing_fetched import PATIENCE_S, Fetched, FetchedKey, decoded_key, unavailable
from promptstudio.settings import SettingsError

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

_DATA_KEYS_KEPT: Final = 4096
_FOREIGN: Final = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_WAITS: Final = Config(connect_timeout=2, read_timeout=PATIENCE_S, retries={"total_max_attempts": 2})


def ssm_key(name: str, *, clock: Callable[[], float] = time.monotonic) -> FetchedKey:
    """The key in the SecureString of this name, in base64; raises SettingsError."""
    try:
        client = boto3.client("ssm", config=_WAITS)
    except BotoCoreError as error:
        raise SettingsError(f"ssm:{name} cannot be used: {error}") from error
    source = f"ssm:{name}"

    def get() -> bytes:
        text = client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
        return decoded_key(text, f"The parameter {name}")

    return FetchedKey(source, lambda: _asked(get, source), clock=clock)


def kms_key(arn: str, *, clock: Callable[[], float] = time.monotonic) -> "KmsKey":
    """The symmetric key of this ARN; raises SettingsError."""
    try:
        client = boto3.client("kms", config=_WAITS)
    except BotoCoreError as error:
        raise SettingsError(f"kms:{arn} cannot be used: {error}") from error
    return KmsKey(arn, client, clock)


class KmsKey:
    """A key-encryption key that KMS uses for us; the data keys that it has unwrapped are kept a while.

    The context is KMS's encryption context: authenticated there too, and written to CloudTrail.
    """

    def __init__(self, arn: str, client: "KMSClient", clock: Callable[[], float]) -> None:
        self.id = key_id(arn.encode())
        self._arn = arn
        self._client = client
        self._clock = clock
        self._data_keys: dict[tuple[bytes, Context], Fetched] = {}

    async def wrap(self, data_key: bytes, context: Context) -> bytes:
        def encrypt() -> bytes:
            answer = self._client.encrypt(
                KeyId=self._arn, Plaintext=data_key, EncryptionContext=context.members()
            )
            return answer["CiphertextBlob"]

        return await _asked(encrypt, self._arn)

    async def unwrap(self, wrapped: bytes, context: Context) -> bytes:
        kept = self._data_keys.get((wrapped, context))
        if kept is None:
            self._forget()
            kept = Fetched(lambda: self._decrypt(wrapped, context), self._clock)
            self._data_keys[wrapped, context] = kept
        return await kept.get()

    async def _decrypt(self, wrapped: bytes, context: Context) -> bytes:
        def decrypt() -> bytes:
            answer = self._client.decrypt(
                KeyId=self._arn, CiphertextBlob=wrapped, EncryptionContext=context.members()
            )
            return answer["Plaintext"]

        return await _asked(decrypt, self._arn)

    def _forget(self) -> None:
        """Drop the data keys whose time is over, and the oldest where there are too many."""
        for name in [name for name, kept in self._data_keys.items() if kept.is_due()]:
            del self._data_keys[name]
        while len(self._data_keys) >= _DATA_KEYS_KEPT:
            del self._data_keys[next(iter(self._data_keys))]


async def _asked(call: Callable[[], bytes], source: str) -> bytes:
    """The answer of a call of boto3, made in a thread; raises PlatformError."""
    try:
        return await asyncio.to_thread(call)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _FOREIGN:
            raise PlatformError("seal_invalid") from None
        raise unavailable(source, code) from None
    except BotoCoreError as error:
        raise unavailable(source, type(error).__name__) from None
    except SettingsError as error:
        raise unavailable(source, str(error)) from None
