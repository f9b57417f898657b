"""Who asks, and what they may: roles of people, scopes of keys."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Role(IntEnum):
    """What a member may in a workspace, or with one prompt; each may what those below may.

    A guest sees only the prompts shared with them.
    """

    guest = 0
    viewer = 1
    editor = 2
    admin = 3
    owner = 4


class Scope(StrEnum):
    """What an API key may. `admin` includes the others."""

    run = "run"
    read = "read"
    write = "write"
    deploy = "deploy"
    admin = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """A member in a session, or an API key: `role` is None for a key, `scopes` are empty for a member.

    `role` is that on the prompt at hand, where that is a higher one; `home` is then the workspace's.
    `prompts` limits a key to the prompts of these names; None is no limit. `session` is the id of the
    session a member came with.
    """

    workspace: str
    id: str
    name: str
    role: Role | None = None
    scopes: frozenset[Scope] = field(default_factory=frozenset)
    prompts: frozenset[str] | None = None
    session: str | None = None
    home: Role | None = None

    @property
    def is_key(self) -> bool:
        return self.role is None

    def has(self, scope: Scope) -> bool:
        """Whether this key may act in a scope."""
        return scope in self.scopes or Scope.admin in self.scopes

    def may_touch(self, prompt: str) -> bool:
        """Whether a key's limits leave it this prompt."""
        return self.prompts is None or prompt in self.prompts
