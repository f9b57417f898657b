"""Names that people give to people, keys and workspaces."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

_LONGEST: Final = 64
_PROMPT_NAME: Final = re.compile("[a-z][a-z0-9-]{0,62}")


def _printable(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError(f"has 1 to {_LONGEST} printable characters")
    return text


GivenName = Annotated[str, Field(min_length=1, max_length=_LONGEST), AfterValidator(_printable)]
"""1 to 64 printable characters, not all of them spaces."""

PromptName = Annotated[str, Field(pattern=f"^{_PROMPT_NAME.pattern}$")]
"""A prompt's name, whether or not there is such a prompt."""


def is_prompt_name(text: str) -> bool:
    """Whether a prompt can have this name."""
    return _PROMPT_NAME.fullmatch(text) is not None
