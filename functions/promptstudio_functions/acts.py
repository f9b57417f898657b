"""What each route that changes something is in the audit log. One that is not told here cannot be made."""

from collections.abc import Mapping, Sequence
from typing import Final

from promptstudio.audit.recorder import Act

_ACCOUNT: Final = "sys#account"

SIGNED_IN: Final = Act("session.began", "session", "sessions", removes=False)
_SIGNED_OUT: Final = Act("session.ended", "session", "sessions", removes=True)
_SHARED: Final = Act("prompt.shared", "share", "prompt", "share#", removes=False)


def _prompt(action: str) -> Act:
    return Act(action, "prompt", "prompts")


ACTS: Final[Mapping[tuple[str, str], Sequence[Act]]] = {
    ("POST", "/api/session"): (SIGNED_IN,),
    ("DELETE", "/api/session"): (_SIGNED_OUT,),
    ("POST", "/api/session/workspace"): (SIGNED_IN, _SIGNED_OUT),
    ("PUT", "/api/session/password"): (Act("password.changed", "member", _ACCOUNT, "account"), SIGNED_IN),
    ("GET", "/sign-in"): (SIGNED_IN,),
    ("POST", "/api/password"): (Act("password.reset", "member", _ACCOUNT, "account"),),
    ("PATCH", "/api/members/{id}"): (Act("member.changed", "member", "members"),),
    ("DELETE", "/api/members/{id}"): (Act("member.removed", "member", "members"),),
    ("POST", "/api/members/{id}/password-reset"): (
        Act("password_reset.created", "member", "tokens", id_member="account"),
    ),
    ("POST", "/api/invitations"): (Act("invitation.created", "invitation", "invitations"),),
    ("POST", "/api/invitations/accept"): (
        Act("invitation.accepted", "invitation", "invitations"),
        Act("member.added", "member", "members"),
        _SHARED,
        SIGNED_IN,
    ),
    ("DELETE", "/api/invitations/{id}"): (Act("invitation.withdrawn", "invitation", "invitations"),),
    ("POST", "/api/keys"): (Act("key.created", "key", "keys"),),
    ("PATCH", "/api/keys/{id}"): (Act("key.changed", "key", "keys"),),
    ("DELETE", "/api/keys/{id}"): (Act("key.revoked", "key", "keys"),),
    ("POST", "/api/keys/{id}/rotate"): (Act("key.rotated", "key", "keys"),),
    ("POST", "/api/prompts"): (_prompt("prompt.created"),),
    ("PATCH", "/api/prompts/{name}"): (_prompt("prompt.changed"),),
    ("DELETE", "/api/prompts/{name}"): (_prompt("prompt.deleted"),),
    ("PUT", "/api/prompts/{name}/draft"): (Act("draft.saved", "draft", "prompt", "draft"),),
    ("POST", "/api/prompts/{name}/versions"): (_prompt("prompt.published"),),
    ("PUT", "/api/prompts/{name}/labels/{label}"): (_prompt("label.moved"),),
    ("DELETE", "/api/prompts/{name}/labels/{label}"): (_prompt("label.deleted"),),
    ("POST", "/api/prompts/{name}/labels/{label}/rollback"): (_prompt("label.moved"),),
    ("PUT", "/api/prompts/{name}/shares/{member}"): (_SHARED,),
    ("DELETE", "/api/prompts/{name}/shares/{member}"): (
        Act("prompt.unshared", "share", "prompt", "share#", removes=True),
    ),
    ("POST", "/api/prompts/{name}/links"): (Act("link.created", "link", "prompt", "link#"),),
    ("DELETE", "/api/prompts/{name}/links/{id}"): (Act("link.revoked", "link", "prompt", "link#"),),
    ("PUT", "/api/partials/{name}"): (Act("partial.saved", "partial", "partials"),),
    ("DELETE", "/api/partials/{name}"): (Act("partial.deleted", "partial", "partials"),),
    ("PATCH", "/api/workspace"): (
        Act("workspace.renamed", "workspace", "workspace", "workspace"),
        Act("settings.changed", "workspace", "workspace", "settings"),
    ),
    ("PUT", "/api/providers/{name}"): (Act("provider.saved", "provider", "providers"),),
    ("DELETE", "/api/providers/{name}"): (Act("provider.deleted", "provider", "providers"),),
    # These change nothing: what they cost is in the usage, and what they ran in the history.
    ("POST", "/api/shared"): (),
    ("POST", "/api/prompts/{name}/test"): (),
    ("POST", "/api/providers/{name}/test"): (),
}


def acts_of(method: str, path: str) -> Sequence[Act]:
    """What a route is in the audit log; raises KeyError for one that may change something and is not told."""
    acts = ACTS.get((method, path), () if method == "GET" else None)
    if acts is None:
        message = f"acts.py does not say what {method} {path} is in the audit log"
        raise KeyError(message)
    return acts
