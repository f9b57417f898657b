"""What a target is told beside the bundle."""

from dataclasses import dataclass

from promptstudio.errors import BOUNDS


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """`name` is the project's, in whatever form; `body_limit` is in bytes."""

    name: str
    body_limit: int = BOUNDS["body_bytes"]
    cors_origins: tuple[str, ...] = ()
