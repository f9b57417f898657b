"""Secrets at rest: each is sealed with a data key of its own, and that with a key-encryption key.

Sealed text is `v1.KEK.WRAPPED.SEALED`: the id of the key-encryption key, the data key wrapped with it, and
nonce and ciphertext of AES-256-GCM, each in base64url. Both layers authenticate the context, so that sealed
text moved to another workspace, purpose or host opens for nobody.
"""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from promptstudio.platform_errors import PlatformError
from promptstudio.storage.port import ABSENT, Conflict, Put, Store, Unavailable

KEY_BYTES: Final = 32

_VERSION: Final = "v1"
_NONCE_BYTES: Final = 12
_SYSTEM: Final = "sys"
_DERIVED: Final = "sys#secrets"


@dataclass(frozen=True, slots=True)
class Context:
    """What a secret is for. `host` is where it may be sent, empty for one that stays here."""

    workspace: str
    purpose: str
    host: str = ""

    def members(self) -> dict[str, str]:
        """The context as a KMS takes it, which knows no empty values."""
        members = {"host": self.host, "purpose": self.purpose, "workspace": self.workspace}
        return {name: value for name, value in members.items() if value}

    def authenticated(self) -> bytes:
        """The context as additional data of a cipher, the same bytes each time."""
        return orjson.dumps([_VERSION, self.workspace, self.purpose, self.host])


class KeyEncryptionKey(Protocol):
    """What wraps data keys. `id` is the same wherever the key is the same, and says nothing about it.

    Both verbs raise PlatformError sealing_unavailable where the key cannot be had at the moment.
    """

    @property
    def id(self) -> str: ...

    async def wrap(self, data_key: bytes, context: Context) -> bytes: ...

    async def unwrap(self, wrapped: bytes, context: Context) -> bytes:
        """Raises PlatformError seal_invalid for what was not wrapped with this key and context."""
        ...


@dataclass(frozen=True, slots=True)
class LocalKey:
    """A key-encryption key in memory. Raises ValueError for one that is not of 32 bytes."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES:
            raise ValueError(f"a sealing key has {KEY_BYTES} bytes, not {len(self.key)}")

    @property
    def id(self) -> str:
        return key_id(b"local\0" + self.key)

    async def wrap(self, data_key: bytes, context: Context) -> bytes:
        return _encrypt(self.key, data_key, context)

    async def unwrap(self, wrapped: bytes, context: Context) -> bytes:
        return _decrypt(self.key, wrapped, context)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals with `current`; opens also what `older` keys have sealed."""

    current: KeyEncryptionKey
    older: Sequence[KeyEncryptionKey] = ()

    async def seal(self, secret: SecretStr, context: Context) -> str:
        """Sealed text; raises PlatformError sealing_unavailable."""
        data_key = secrets.token_bytes(KEY_BYTES)
        wrapped = await self.current.wrap(data_key, context)
        sealed = _encrypt(data_key, secret.get_secret_value().encode(), context)
        return ".".join((_VERSION, self.current.id, _text(wrapped), _text(sealed)))

    async def open(self, sealed: str, context: Context) -> SecretStr:
        """The secret in sealed text.

        Raises PlatformError seal_invalid for text that was changed, cut, sealed for another context, or
        with a key that is not here; sealing_unavailable where the key cannot be had at the moment.
        """
        kek, wrapped, ciphertext = self._parts(sealed)
        data_key = await kek.unwrap(wrapped, context)
        return SecretStr(_decrypt(data_key, ciphertext, context).decode())

    async def renew(self, sealed: str, context: Context) -> str:
        """The same secret under the current key, so that an older one can be given up; raises like `open`."""
        if sealed.startswith(f"{_VERSION}.{self.current.id}."):
            return sealed
        return await self.seal(await self.open(sealed, context), context)

    def _parts(self, sealed: str) -> tuple[KeyEncryptionKey, bytes, bytes]:
        parts = sealed.split(".")
        if len(parts) != 4 or parts[0] != _VERSION:
            raise PlatformError("seal_invalid")
        for kek in (self.current, *self.older):
            if kek.id == parts[1]:
                return kek, _bytes(parts[2]), _bytes(parts[3])
        raise PlatformError("seal_invalid")


async def has_secrets(store: Store, purpose: str = "") -> bool:
    """Whether a store has derived secrets, so that its key is settled, by default for any purpose.

    Raises Unavailable.
    """
    return bool((await store.query(_DERIVED, purpose, limit=1)).items)


async def derived_secret(store: Store, sealer: Sealer, purpose: str) -> bytes:
    """32 random bytes for a purpose of the platform's own: made once, kept sealed, the same for everybody.

    Raises PlatformError sealing_key_other where the store was sealed with a key that is not here: new bytes
    would hide that. Raises sealing_unavailable and Unavailable.
    """
    context = Context(_SYSTEM, purpose)
    item = await store.get(_DERIVED, purpose)
    if item is None:
        made = SecretStr(_text(secrets.token_bytes(KEY_BYTES)))
        await _keep(store, purpose, await sealer.seal(made, context), ABSENT)
        item = await store.get(_DERIVED, purpose)
    if item is None:
        raise Unavailable  # what was written a moment ago is not there
    kept = str(item.data["sealed"])
    try:
        renewed = await sealer.renew(kept, context)
        secret = await sealer.open(renewed, context)
    except PlatformError as error:
        if error.problem != "seal_invalid":
            raise
        raise PlatformError("sealing_key_other") from None
    if renewed != kept:
        await _keep(store, purpose, renewed, item.version)
    return _bytes(secret.get_secret_value())


async def _keep(store: Store, purpose: str, sealed: str, expect: int) -> None:
    try:
        await store.transact([Put(_DERIVED, purpose, {"sealed": sealed}, expect)])
    except Conflict:
        pass  # another process was first: with its own bytes, or with the same under the new key


def key_id(material: bytes) -> str:
    """A short name that tells keys apart without telling anything about them."""
    return hashlib.sha256(b"promptstudio sealing key\0" + material).hexdigest()[:16]


def _encrypt(key: bytes, plain: bytes, context: Context) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.authenticated())


def _decrypt(key: bytes, sealed: bytes, context: Context) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.authenticated())
    except (InvalidTag, ValueError):  # ValueError: the nonce or the key is cut short
        raise PlatformError("seal_invalid") from None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """The bytes of base64url as `_text` writes it; any other spelling of them is refused."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        data = b""
    if _text(data) != text:
        raise PlatformError("seal_invalid")
    return data
