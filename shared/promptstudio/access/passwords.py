"""Passwords: what may be one, and argon2id over it.

Hashing takes some 50 ms and 64 MB by intent, so it runs in threads, and in few of them at once.
"""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from promptstudio.errors import FieldError
from promptstudio.platform_errors import PlatformError

SHORTEST: Final = 12
LONGEST: Final = 256

_HASHER: Final = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_THREADS: Final = ThreadPoolExecutor(2, thread_name_prefix="argon2")
# A hash of nothing that anybody knows, by the same parameters: what an unknown address is checked with.
_NOBODYS: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$/k2ysuuXFCQ93WU0cpJsHg$9+gmR21GgnSG3PyqW9MDHAV+KGD7yJIekZ1Nc9oGeKI"
)

_T = TypeVar("_T")


def require_password(text: str, pointer: str = "/password") -> None:
    """Let a new password pass that is long enough, with no other rules (NIST SP 800-63B).

    Raises PlatformError fields_invalid with the member at `pointer`.
    """
    if not SHORTEST <= len(_normal(text)) <= LONGEST:
        message = f"has {SHORTEST} to {LONGEST} characters"
        raise PlatformError("fields_invalid", errors=[FieldError(pointer, message)])


async def hash_password(text: str) -> str:
    """The hash to keep of a password, with its salt and parameters."""
    return await _in_thread(lambda: _HASHER.hash(_normal(text)))


async def verify_password(kept: str | None, text: str) -> bool:
    """Whether the hash is of this password; as slow where there is no hash, and then False."""
    password = _normal(text)
    if len(password) > LONGEST:
        return False
    matches = await _in_thread(lambda: _matches(kept or _NOBODYS, password))
    return matches and kept is not None


def needs_rehash(kept: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def _matches(kept: str, text: str) -> bool:
    try:
        return _HASHER.verify(kept, text)
    except VerifyMismatchError:
        return False


def _normal(text: str) -> str:
    """One form for what looks the same, however a keyboard composed it."""
    return unicodedata.normalize("NFC", text)


async def _in_thread(work: Callable[[], _T]) -> _T:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)
