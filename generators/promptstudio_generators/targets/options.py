"""What a target is told beside the bundle."""

from dataclasses import dataclass
from typing import Literal

from promptstudio.errors import BOUNDS
from promptstudio_generators.names import HostName

VercelRuntime = Literal["edge", "node"]
StoreName = Literal["durable-objects", "dynamodb", "upstash", "none"]


class OptionError(ValueError):
    """What a target cannot do: a sentence that says what is wrong, and one that says what to do about it."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """`name` is the project's, in whatever form; `body_limit` is in bytes; `runtime` is Vercel's alone.

    `store` is where the project counts runs, and keeps answers for Idempotency-Key and the cache: None is the
    target's default, which generators are told by its name. `domain` is Cloudflare's alone.
    """

    name: str
    body_limit: int = BOUNDS["body_bytes"]
    cors_origins: tuple[str, ...] = ()
    runtime: VercelRuntime = "edge"
    store: StoreName | None = None
    domain: HostName | None = None
