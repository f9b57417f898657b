"""What an entry tells of a record before and after a change: what differs, never a secret, nothing long."""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from promptstudio.values import Json, canonical, same

TEXT_BYTES: Final = 1000
WHOLE_BYTES: Final = 32 * 1024
HIDDEN: Final = "[secret]"

Members = Mapping[str, Json]

_SECRET: Final = re.compile(r"pass(word)?|password_hash|secrets?|sealed|hash|token|csrf|credentials?")
_HOLDS_SECRETS: Final = re.compile(r"v1\.[0-9a-f]{16}\.|ps_[a-z]+_[0-9A-Za-z]{20}|whsec_")


def told(before: Members | None, after: Members | None) -> tuple[Json, Json]:
    """A record before and after, None where it was not there or is no longer.

    Of one that stays only the members that differ are told. Secrets are hidden by their names and by how
    ours look; long texts are their SHA-256 and their length.
    """
    if before is None or after is None:
        return _whole(before), _whole(after)
    names = [name for name in {**before, **after} if not _stays(name, before, after)]
    return _whole(_only(before, names)), _whole(_only(after, names))


def _stays(name: str, before: Members, after: Members) -> bool:
    return name in before and name in after and same(before[name], after[name])


def _only(record: Members, names: list[str]) -> Members:
    return {name: record[name] for name in names if name in record}


def _whole(record: Members | None) -> Json:
    if record is None:
        return None
    shown = _shown("", dict(record))
    written = canonical(shown)
    return shown if len(written) <= WHOLE_BYTES else _digest(written)


def _shown(name: str, value: Json) -> Json:
    """A value as it may be told that stands under a name."""
    if isinstance(value, dict):
        return {each: _shown(each, member) for each, member in value.items()}
    if isinstance(value, list):
        return [_shown(name, item) for item in value]
    if not isinstance(value, str):
        return value
    if _SECRET.fullmatch(name) or _HOLDS_SECRETS.search(value):
        return HIDDEN
    written = value.encode()
    return value if len(written) <= TEXT_BYTES else _digest(written)


def _digest(written: bytes) -> Json:
    return {"bytes": len(written), "sha256": hashlib.sha256(written).hexdigest()}
