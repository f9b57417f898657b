"""Webhooks are signed as https://www.standardwebhooks.com says, version 1."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Final, cast

from .errors import WebhookVerificationError
from .types import JsonValue

TOLERANCE_S: Final = 300.0
"""How far a webhook's time may be from ours: what is older might be sent again by somebody else."""

_PREFIX: Final = "whsec_"
_VERSION: Final = "v1"


def verify_webhook(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str,
    *,
    tolerance_s: float = TOLERANCE_S,
    now: float | None = None,
) -> JsonValue:
    """What a webhook says, once it is proven to come from who has the secret.

    `body` and `headers` are the request's, the body to the byte; `secret` begins with whsec_; `now` is Unix
    time in seconds. Raises WebhookVerificationError.

    Example:
        event = verify_webhook(request.body, request.headers, os.environ["WEBHOOK_SECRET"])
    """
    content = _bytes(body) if isinstance(body, str) else body
    given = {name.lower(): value for name, value in headers.items()}
    identifier, timestamp = _header(given, "webhook-id"), _header(given, "webhook-timestamp")
    expected = _signature(_key(secret), _bytes(f"{identifier}.{timestamp}.") + content)
    signatures = [_of_version(each) for each in _header(given, "webhook-signature").split(" ")]
    if not any([hmac.compare_digest(expected, each) for each in signatures]):  # noqa: C419 - all are compared
        raise WebhookVerificationError("No signature fits.")
    _require_recent(timestamp, time.time() if now is None else now, tolerance_s)
    try:
        return cast("JsonValue", json.loads(content))
    except (ValueError, RecursionError):
        raise WebhookVerificationError("The body is not JSON, or nested too deep.") from None


def _bytes(text: str) -> bytes:
    """Anybody may send halves of characters: they are wrong, and no reason to break."""
    return text.encode(errors="surrogatepass")


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise WebhookVerificationError(f"The header {name} is missing.")
    return value


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise WebhookVerificationError("The secret is none: it has to be whsec_ and Base64.")
    return key


def _signature(key: bytes, content: bytes) -> bytes:
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())


def _of_version(signature: str) -> bytes:
    """The signature in Base64; nothing for those of other versions."""
    version, _, value = signature.partition(",")
    return _bytes(value) if version == _VERSION else b""


def _require_recent(timestamp: str, now: float, tolerance_s: float) -> None:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 15):
        raise WebhookVerificationError("The header webhook-timestamp is no time.")
    if abs(int(timestamp) - now) > tolerance_s:
        raise WebhookVerificationError("The webhook's time is too far from now.")
