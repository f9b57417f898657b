"""The one table of who may call what. A route that is not in it cannot be made."""

from dataclasses import dataclass
from typing import Final

from promptstudio.access.principal import Role, Scope


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route takes: of a member at least `role`, of a key `scope`; None lets nobody of that kind.

    Where the path names a prompt, a role that the prompt was shared with counts like one in the workspace.
    `public` lets everybody: the request itself proves what it may, or there is nothing to protect.
    """

    role: Role | None = None
    scope: Scope | None = None
    public: bool = False


PUBLIC: Final = Rule(public=True)
_LOOK: Final = Rule(Role.viewer, Scope.read)
_CHANGE: Final = Rule(Role.editor, Scope.write)
_MANAGE: Final = Rule(Role.admin, Scope.admin)
_SIGNED_IN: Final = Rule(Role.guest)

RULES: Final[dict[tuple[str, str], Rule]] = {
    ("GET", "/api/providers"): _LOOK,
    ("GET", "/api/providers/{name}"): _LOOK,
    ("PUT", "/api/providers/{name}"): _MANAGE,
    ("DELETE", "/api/providers/{name}"): _MANAGE,
    ("POST", "/api/providers/{name}/test"): _MANAGE,
}
