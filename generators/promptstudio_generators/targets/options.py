"""What a target is told beside the bundle."""

from dataclasses import dataclass
from typing import Literal

from promptstudio.errors import BOUNDS

VercelRuntime = Literal["edge", "node"]


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """`name` is the project's, in whatever form; `body_limit` is in bytes; `runtime` is Vercel's alone."""

    name: str
    body_limit: int = BOUNDS["body_bytes"]
    cors_origins: tuple[str, ...] = ()
    runtime: VercelRuntime = "edge"
