"""What is this package's own. A generated package has another file in the place of this one."""

from typing import Final

from ._base import PortableError

NAME: Final = "prompts"
VERSION: Final = "0.0.0"
ENVIRONMENT: Final = "PROMPTS"
"""What the names of this package's environment variables begin with."""


class PromptsError(PortableError):
    """The base of all errors that this package raises."""


BaseError = PromptsError
