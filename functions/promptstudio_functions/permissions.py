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
_OWN_OR_MANAGE: Final = Rule(Role.viewer, Scope.admin)
"""What the domain lets who made a thing do, and admins."""

RULES: Final[dict[tuple[str, str], Rule]] = {
    ("POST", "/api/session"): PUBLIC,
    ("GET", "/api/session"): _SIGNED_IN,
    ("DELETE", "/api/session"): _SIGNED_IN,
    ("POST", "/api/session/workspace"): _SIGNED_IN,
    ("PUT", "/api/session/password"): _SIGNED_IN,
    ("GET", "/sign-in"): PUBLIC,
    ("POST", "/api/password"): PUBLIC,
    ("GET", "/api/members"): _OWN_OR_MANAGE,
    ("GET", "/api/members/{id}"): _OWN_OR_MANAGE,
    ("PATCH", "/api/members/{id}"): _MANAGE,
    ("DELETE", "/api/members/{id}"): _MANAGE,
    ("POST", "/api/members/{id}/password-reset"): Rule(Role.admin),
    ("GET", "/api/invitations"): _MANAGE,
    ("POST", "/api/invitations"): _OWN_OR_MANAGE,
    ("POST", "/api/invitations/accept"): PUBLIC,
    ("GET", "/api/invitations/{id}"): _OWN_OR_MANAGE,
    ("DELETE", "/api/invitations/{id}"): _OWN_OR_MANAGE,
    ("GET", "/api/keys"): _OWN_OR_MANAGE,
    ("POST", "/api/keys"): _OWN_OR_MANAGE,
    ("GET", "/api/keys/{id}"): _OWN_OR_MANAGE,
    ("PATCH", "/api/keys/{id}"): _OWN_OR_MANAGE,
    ("DELETE", "/api/keys/{id}"): _OWN_OR_MANAGE,
    ("POST", "/api/keys/{id}/rotate"): _OWN_OR_MANAGE,
    ("GET", "/api/prompts"): Rule(Role.guest, Scope.read),
    ("POST", "/api/prompts"): _CHANGE,
    ("GET", "/api/prompts/{name}"): _LOOK,
    ("PATCH", "/api/prompts/{name}"): _CHANGE,
    ("DELETE", "/api/prompts/{name}"): _MANAGE,
    ("GET", "/api/prompts/{name}/draft"): _LOOK,
    ("PUT", "/api/prompts/{name}/draft"): _CHANGE,
    ("GET", "/api/prompts/{name}/proposal"): _LOOK,
    ("GET", "/api/prompts/{name}/versions"): _LOOK,
    ("POST", "/api/prompts/{name}/versions"): _CHANGE,
    ("GET", "/api/prompts/{name}/versions/{number}"): _LOOK,
    ("GET", "/api/prompts/{name}/diff"): _LOOK,
    ("GET", "/api/prompts/{name}/labels"): _LOOK,
    ("PUT", "/api/prompts/{name}/labels/{label}"): _CHANGE,
    ("DELETE", "/api/prompts/{name}/labels/{label}"): _CHANGE,
    ("POST", "/api/prompts/{name}/labels/{label}/rollback"): _CHANGE,
    ("GET", "/api/prompts/{name}/history"): _LOOK,
    ("GET", "/api/partials"): _LOOK,
    ("GET", "/api/partials/{name}"): _LOOK,
    ("PUT", "/api/partials/{name}"): _CHANGE,
    ("DELETE", "/api/partials/{name}"): _CHANGE,
    ("GET", "/api/workspace"): _LOOK,
    ("PATCH", "/api/workspace"): _MANAGE,
    ("GET", "/api/prompts/{name}/shares"): _LOOK,
    ("GET", "/api/prompts/{name}/shares/{member}"): _LOOK,
    ("PUT", "/api/prompts/{name}/shares/{member}"): _MANAGE,
    ("DELETE", "/api/prompts/{name}/shares/{member}"): _MANAGE,
    ("GET", "/api/prompts/{name}/links"): _MANAGE,
    ("POST", "/api/prompts/{name}/links"): _MANAGE,
    ("GET", "/api/prompts/{name}/links/{id}"): _MANAGE,
    ("DELETE", "/api/prompts/{name}/links/{id}"): _MANAGE,
    ("POST", "/api/shared"): PUBLIC,
    ("GET", "/api/prompts/{name}/runs"): _LOOK,
    ("POST", "/api/prompts/{name}/test"): Rule(Role.editor, Scope.run),
    ("GET", "/api/audit"): _MANAGE,
    ("GET", "/api/audit/export"): _MANAGE,
    ("GET", "/api/providers"): _LOOK,
    ("GET", "/api/providers/{name}"): _LOOK,
    ("PUT", "/api/providers/{name}"): _MANAGE,
    ("DELETE", "/api/providers/{name}"): _MANAGE,
    ("POST", "/api/providers/{name}/test"): _MANAGE,
}
