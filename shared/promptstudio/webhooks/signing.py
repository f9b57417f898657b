"""Signatures of webhooks, by the Standard Webhooks specification (https://www.standardwebhooks.com).

A signature is HMAC-SHA-256 over `id.timestamp.body`, as `v1,` and base64. While a secret is being replaced a
request has a signature by each, with a space between them; one that fits is enough.
"""

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what every secret begins with
SECRET_BYTES: Final = 32
SECRET_BYTES_MIN, SECRET_BYTES_MAX = 24, 64
TOLERANCE_S: Final = 300

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"

_VERSION: Final = "v1"
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


def new_secret() -> str:
    """A secret of 32 random bytes, as receivers' libraries take it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def secret_bytes(secret: str) -> bytes:
    """The bytes of a secret; raises ValueError for one that is not `whsec_` and 24 to 64 bytes in base64."""
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError(f"a webhook's secret begins with {SECRET_PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a webhook's secret is base64") from None
    if not SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX:
        raise ValueError(f"a webhook's secret has {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes")
    return key


def signed_headers(live: Sequence[str], event: str, now: float, body: bytes) -> dict[str, str]:
    """The three headers of a request, signed with each of the live secrets; raises ValueError."""
    timestamp = str(int(now))
    signatures = (_signature(secret_bytes(secret), event, timestamp, body) for secret in live)
    return {ID_HEADER: event, TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: " ".join(signatures)}


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a request was signed with a secret, within five minutes of `now`.

    `headers` have their names in lower case. Raises ValueError for a secret that is none.
    """
    key = secret_bytes(secret)
    event, timestamp = headers.get(ID_HEADER, ""), headers.get(TIMESTAMP_HEADER, "")
    if not event or not _TIMESTAMP.fullmatch(timestamp) or abs(now - int(timestamp)) > TOLERANCE_S:
        return False
    expected = _signature(key, event, timestamp, body).encode()
    given = headers.get(SIGNATURE_HEADER, "").split(" ")
    return any(hmac.compare_digest(expected, each.encode(errors="replace")) for each in given)


def _signature(key: bytes, event: str, timestamp: str, body: bytes) -> str:
    signed = b".".join((event.encode(errors="replace"), timestamp.encode(), body))
    return f"{_VERSION},{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"
