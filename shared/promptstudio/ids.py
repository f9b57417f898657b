"""Names that are made, not given: of workspaces, of records, of what happened when."""

import secrets
import string
from typing import Final

ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
WORKSPACE_CHARACTERS: Final = 12

_WORKSPACE_PREFIX: Final = "ws_"
_MILLISECOND_DIGITS: Final = 12  # hexadecimal, enough until the year 10889


def new_id(prefix: str) -> str:
    """`prefix` and 96 random bits: `prm_5f0c…`."""
    return f"{prefix}_{secrets.token_hex(12)}"


def ordered_id(prefix: str, now: float) -> str:
    """An id that sorts by the time `now`, in seconds since 1970; at one millisecond the order is chance."""
    return f"{prefix}_{int(now * 1000):0{_MILLISECOND_DIGITS}x}{secrets.token_hex(6)}"


def new_workspace_id() -> str:
    """`ws_` and 12 characters, which API keys and links of the workspace carry."""
    return _WORKSPACE_PREFIX + random_text(WORKSPACE_CHARACTERS)


def workspace_id(characters: str) -> str:
    """The workspace whose key or link carries these characters."""
    return _WORKSPACE_PREFIX + characters


def workspace_characters(workspace: str) -> str:
    """What a key or link of the workspace carries."""
    return workspace.removeprefix(_WORKSPACE_PREFIX)


def random_text(length: int) -> str:
    """That many letters and digits, of 5.95 bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
