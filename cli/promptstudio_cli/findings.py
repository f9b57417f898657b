"""What `doctor` has to say."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `missing` is needed here; a `warning` matters only to some uses."""

    name: str
    status: Literal["ok", "warning", "missing"]
    detail: str
    advice: str = ""
