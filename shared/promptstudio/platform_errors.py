"""Refusals of the platform, beside those of the Endpoint Protocol. Their texts stand in platform.json."""

import json
from pathlib import Path
from typing import ClassVar, Final

from promptstudio.errors import AppError

PLATFORM: Final = json.loads(Path(__file__).with_name("platform.json").read_bytes())


class PlatformError(AppError):
    """An AppError whose `problem` names a row of platform.json's `problems`."""

    problems: ClassVar = PLATFORM["problems"]
