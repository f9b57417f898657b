"""What an endpoint is told from outside, read once from its environment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from promptstudio.errors import BOUNDS

_KEYS: Final = "PROMPTSTUDIO_KEYS"
_CORS_ORIGINS: Final = "PROMPTSTUDIO_CORS_ORIGINS"
_CORS_ORIGINS_SHORT: Final = "CORS_ORIGINS"  # where the environment is the server's own
_BODY_LIMIT: Final = "PROMPTSTUDIO_BODY_LIMIT"


class SettingsError(ValueError):
    """An environment variable that cannot be used. The text names it and says what it should be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`keys` is the JSON text of the API keys' hashes, `body_limit` is in bytes."""

    keys: str | None = None
    cors_origins: tuple[str, ...] = ()
    body_limit: int = BOUNDS["body_bytes"]


def parse_settings(
    environ: Mapping[str, str], *, body_limit: int | None = None, cors_origins: Sequence[str] = ()
) -> Settings:
    """Settings from the environment; the other arguments stand in for what it leaves out.

    Raises SettingsError.
    """
    origins = environ.get(_CORS_ORIGINS, environ.get(_CORS_ORIGINS_SHORT))
    limit = environ.get(_BODY_LIMIT)
    return Settings(
        keys=environ.get(_KEYS),
        cors_origins=tuple(cors_origins) if origins is None else _origins(origins),
        body_limit=(body_limit or BOUNDS["body_bytes"]) if limit is None else _bytes(limit),
    )


def _origins(text: str) -> tuple[str, ...]:
    return tuple(origin.strip() for origin in text.split(",") if origin.strip())


def _bytes(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        message = f"{_BODY_LIMIT} should be a number of bytes, not {text!r}."
        raise SettingsError(message)
    return int(text)
