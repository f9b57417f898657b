"""Who may call a server that runs on somebody's own machine, and what they may run there."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from promptstudio.access.keys import KeyLookup
from promptstudio.access.principal import Principal, Scope
from promptstudio.endpoint.access import authorize
from promptstudio.endpoint.bundle_gate import LOCAL, BundleGate
from promptstudio.endpoint.gate import Catalog
from promptstudio.endpoint.keys import Keys
from promptstudio.errors import AppError
from promptstudio.platform_errors import PlatformError
from promptstudio.workspaces.limited import LimitedCatalog

_BEARER: Final = b"bearer "

CatalogOf = Callable[[Principal], Catalog]
MemberOf = Callable[[str, Mapping[bytes, bytes]], Awaitable[Principal | None]]


@dataclass(slots=True)
class LocalGate:
    """Lets in who has an API key of the local workspace; until it has one, this machine itself.

    `fixed` keys, those of PROMPTSTUDIO_KEYS, stand in the place of the workspace's. A `public` server lets
    nobody in without a key. `catalog_of` gives what somebody may run beside `files`, the project's prompts;
    `member_of` tells who comes with a session, given the method and the headers.
    """

    files: BundleGate
    fixed: Keys | None
    keys: KeyLookup
    workspace: str
    public: bool
    catalog_of: CatalogOf | None = None
    member_of: MemberOf | None = None

    async def admit(self, headers: Mapping[bytes, bytes], method: str) -> Catalog:
        if self.fixed is not None and not await self._is_member(headers, method):
            authorize(self.fixed, headers)
            return self.files
        holder = await self.holder(headers, method)
        if self.catalog_of is not None:
            return self.catalog_of(holder)
        return self.files if holder.id == LOCAL else LimitedCatalog(self.files, holder)

    async def holder(self, headers: Mapping[bytes, bytes], method: str) -> Principal:
        """Who sends these headers, by key, by session or as this machine itself; raises AppError."""
        authorization = headers.get(b"authorization")
        if authorization is None:
            found = await self.member_of(method, headers) if self.member_of is not None else None
            if found is not None:
                return found
            if self.public or await self.keys.any_exist(self.workspace):
                raise AppError("key_missing")
            authorize(None, headers)
            return Principal(self.workspace, LOCAL, "this machine", scopes=frozenset(Scope))
        if authorization[: len(_BEARER)].lower() != _BEARER:
            raise AppError("key_missing")
        found = await self.keys.principal(authorization[len(_BEARER) :].strip())
        if found is None:
            raise AppError("key_invalid")
        if not found.has(Scope.run):
            raise PlatformError("scope_needed", scope=Scope.run)
        return found

    async def _is_member(self, headers: Mapping[bytes, bytes], method: str) -> bool:
        """Whether these headers bring a session, and no key that would go before it."""
        if self.member_of is None or b"authorization" in headers:
            return False
        return await self.member_of(method, headers) is not None

    def health(self) -> bytes:
        return self.files.health()
