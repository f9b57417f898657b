"""Roles as people read them, and what follows from one."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.platform_errors import PlatformError

_KEY_SCOPES: Final[Mapping[Role, frozenset[Scope]]] = {
    Role.guest: frozenset(),
    Role.viewer: frozenset({Scope.read}),
    Role.editor: frozenset({Scope.run, Scope.read, Scope.write}),
    Role.admin: frozenset(Scope),
    Role.owner: frozenset(Scope),
}

ShareRole = Literal["owner", "editor", "viewer"]
"""What one prompt can be shared with a member as."""


def _named(value: object) -> object:
    if isinstance(value, str) and value in Role.__members__:
        return Role[value]
    if isinstance(value, Role):
        return value
    raise ValueError(f"is one of {', '.join(Role.__members__)}")


RoleName = Annotated[
    Role,
    BeforeValidator(_named),
    PlainSerializer(lambda role: role.name, return_type=str),
    WithJsonSchema({"type": "string", "enum": list(Role.__members__)}),
]
"""A Role that is written as its name."""


def scopes_of(role: Role) -> frozenset[Scope]:
    """The scopes that an API key has at most whose creator has this role."""
    return _KEY_SCOPES[role]


def role_in_workspace(by: Principal) -> Role:
    """The role that somebody acts with; a key with the scope admin acts as an admin, others as a guest."""
    if by.role is not None:
        return by.role if by.home is None else by.home
    return Role.admin if by.has(Scope.admin) else Role.guest


def require_role(by: Principal, needed: Role) -> None:
    """Raise PlatformError role_needed for who has a lower role."""
    if role_in_workspace(by) < needed:
        raise PlatformError("role_needed", role=needed.name)
