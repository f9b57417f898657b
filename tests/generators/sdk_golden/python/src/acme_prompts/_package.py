"""What is this package's own."""

from typing import Final

from ._base import PortableError

NAME: Final = "acme-prompts"
VERSION: Final = "1.2.0"
ENVIRONMENT: Final = "ACME_PROMPTS"
"""What the names of this package's environment variables begin with."""


class AcmePromptsError(PortableError):
    """The base of all errors that this package raises."""


BaseError = AcmePromptsError
