"""Where the example project lies: beside this package once installed, at the top of a checkout."""

from pathlib import Path
from typing import Final

_INSTALLED = Path(__file__).parent / "examples"

EXAMPLES: Final = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[2] / "examples"
