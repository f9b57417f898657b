"""How the ground of the matrix is made: through the API where there is a way, so that it is as in life."""

import re
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import httpx2

from promptstudio.access.key_changes import KeyOrder, create_key, revoke_key
from promptstudio.access.member_changes import MemberChange, change_member, remove_member
from promptstudio.access.password_resets import new_reset
from promptstudio.access.principal import Principal, Role, Scope
from promptstudio.access.sign_in import new_sign_in_link
from promptstudio_functions.api import create_app
from tests.functions.platform import Platform, platform_in
from tests.people import workspace_in
from tests.security.ground import Ground, Side, rows_of
from tests.unit.workspaces.desk import Desk, takes

GREET: Final = "greet"
"""A prompt of both workspaces."""

NARROW: Final = (Scope.run, Scope.read, Scope.write)
"""The scopes of keys that can be limited to some prompts."""

SHARED: Final = ("guest+viewer", "guest+editor", "guest+owner", "viewer+owner")
"""Members of a role, with whom `greet` is shared as something."""

NOBODIES: Final = (
    *("no key", "no session", "left", "suspended", "signed out", "revoked key", "expired key"),
    *("key of who left", "key of who is suspended", "key of who is a guest now"),
)
"""Who was let in once, or never."""

_TEXT: Final = takes("name: string", body="{{name}} SIDE{{> tone}}").replace(
    "---", "---\nmodel: echo/echo", 1
)
MINE: Final = "magpie"
THEIRS: Final = "heron"
"""What all texts of a workspace say."""

_MARK: Final = re.compile(
    rf"\b[a-z]{{2,8}}_[0-9A-Za-z]{{12,}}\b|[\w.]+@example\.com|(?:{MINE}|{THEIRS})[\w-]*"
)
_LATER_S: Final = 120

_Headers = Mapping[str, str]


async def build(folder: Path) -> Ground:
    """Both workspaces, in a new store in the folder."""
    async with platform_in(folder) as platform:
        other = await workspace_in(platform.world.store, platform.world.clock)
        theirs = await _Building(platform, other, THEIRS, f"{THEIRS}-only", versions=3).side()
        building = _Building(platform, platform.world.owner, MINE, GREET, versions=2)
        mine = await building.side()
        actors = {**mine.actors, **await building.everybody(), **await building.nobodies(other.workspace)}
        app, now = create_app(platform.services), platform.world.clock() + _LATER_S
    file = folder / "promptstudio.db"
    marks = {side.workspace: _marks(file, side.workspace) for side in (mine, theirs)}
    mine = replace(mine, actors=actors, marks=marks[mine.workspace] - marks[theirs.workspace])
    theirs = replace(theirs, marks=marks[theirs.workspace] - marks[mine.workspace])
    return Ground(file, now, app, platform.world.owner, mine, theirs)


def _marks(file: Path, workspace: str) -> frozenset[str]:
    """The ids, addresses and names in what is stored of a workspace."""
    told = (f"{key} {row}" for key, row in rows_of(file).items())
    return frozenset(mark for row in told if workspace in row for mark in _MARK.findall(row))


@dataclass(frozen=True, slots=True)
class _Building:
    """A workspace that is being built. `named` is the prompt that its ids lead to."""

    platform: Platform
    owner: Principal
    name: str
    named: str
    versions: int

    async def side(self) -> Side:
        """A workspace with one of everything; of who may ask, its owner and an admin key."""
        session = await self.platform.member(self.owner)
        ids = {**await self._prompts(session), **await self._people(session)}
        provider = {
            "type": "openai",
            "base_url": "http://127.0.0.1:59999/v1",
            "secret": "sk-0123456789abcdef",
        }
        for name in ("acme", f"{self.name}-provider"):
            await _done(session.put(f"/api/providers/{name}", json=provider))
        ids["provider"] = "acme" if self.named == GREET else f"{self.name}-provider"
        invited = await _done(session.post("/api/invitations", json={"email": f"{self.name}@example.com"}))
        linked = await _done(session.post(f"/api/prompts/{self.named}/links"))
        made = await _done(session.post("/api/keys", json={"name": self.name, "scopes": ["read"]}))
        named = session.patch("/api/workspace", json={"name": self.name}, headers={"if-match": "*"})
        await _done(named)
        ids |= {"invitation": invited["id"], "link": linked["id"], "key": made["id"]}
        secrets = {"invitation": invited["token"], "link": linked["token"], "key": made["key"]}
        secrets |= await self._links_in(ids["member"])
        actors = {"owner": _headers(session), "admin key": await self._key(Scope.admin)}
        return Side(self.owner.workspace, ids, actors, secrets, frozenset())

    async def _prompts(self, session: httpx2.AsyncClient) -> dict[str, str]:
        """Two prompts with versions, a label that has moved, and a run; and two partials."""
        desk, label = Desk(self.platform.world, self.owner), f"{self.name}-label"
        for partial in ("tone", f"{self.name}-partial"):
            await desk.partial(partial, f" Kindly, {self.name}.")
        for name in (GREET, f"{self.name}-only"):
            await desk.create(name, _TEXT.replace("SIDE", self.name), tags=[self.name], folder=self.name)
            for number in range(self.versions):
                await desk.publish(name, _TEXT.replace("SIDE", f"{self.name} {number}"), labels=[label])
            run = await session.post(f"/api/prompts/{name}/test", json={"variables": {"name": self.name}})
            assert "event: done" in run.text
        partial = "tone" if self.named == GREET else f"{self.name}-partial"
        return {"prompt": self.named, "number": str(self.versions), "label": label, "partial": partial}

    async def _people(self, session: httpx2.AsyncClient) -> dict[str, str]:
        """A member, and a guest with whom the named prompt is shared."""
        member, guest = await self._person(Role.viewer), await self._person(Role.guest)
        share = f"/api/prompts/{self.named}/shares/{guest.id}"
        await _done(session.put(share, json={"role": "viewer"}))
        return {"member": member.id, "guest": guest.id}

    async def _links_in(self, member: str) -> dict[str, str]:
        store, now = self.platform.world.store, self.platform.world.clock()
        reset = await new_reset(store, self.owner, member, now)
        entry = await new_sign_in_link(store, self.owner.workspace, self.owner.id, now)
        return {"reset": reset.text, "sign-in": entry.text}

    async def everybody(self) -> dict[str, _Headers]:
        """Members of each role, those with shares of `greet`, and keys of each scope: without a limit, for
        `greet` alone, and for another prompt alone."""
        actors = {role.name: _headers(await self._session(await self._person(role))) for role in Role}
        sharer = await self.platform.member(self.owner)
        for kind in SHARED:
            role, _, share = kind.partition("+")
            person = await self._person(Role[role])
            await _done(sharer.put(f"/api/prompts/{GREET}/shares/{person.id}", json={"role": share}))
            actors[kind] = _headers(await self._session(person))
        actors |= {f"{scope} key": await self._key(scope) for scope in Scope}
        for scope in NARROW:
            actors[f"{scope} key for {GREET}"] = await self._key(scope, prompts=(GREET,))
            actors[f"{scope} key elsewhere"] = await self._key(scope, prompts=(f"{MINE}-only",))
        return actors

    async def nobodies(self, other: str) -> dict[str, _Headers]:
        """NOBODIES; and `both`, who manages the other workspace too."""
        store = self.platform.world.store
        left, suspended, demoted = [await self._person(Role.admin) for _ in range(3)]
        gone, both = await self._session(left), await self._person(Role.owner)
        signed_out = await self._session(both)
        actors = {
            "no key": {"authorization": "Bearer ps_live_"},
            "no session": {"cookie": "ps_session=x"},
            "left": _headers(gone),
            "suspended": _headers(await self._session(suspended)),
            "signed out": _headers(signed_out),
            "key of who left": await self._key(Scope.admin, by=left),
            "key of who is suspended": await self._key(Scope.admin, by=suspended),
            "key of who is a guest now": await self._key(Scope.admin, by=demoted),
            "expired key": await self._key(Scope.admin, expires_in_s=_LATER_S // 2),
            "revoked key": await self._revoked(),
        }
        await signed_out.delete("/api/session")
        await remove_member(store, self.owner, left.id, if_match="*")
        ended, lowered = MemberChange(suspended=True), MemberChange(role=Role.guest)
        await change_member(store, self.owner, suspended.id, ended, if_match="*")
        await change_member(store, self.owner, demoted.id, lowered, if_match="*")
        await self.platform.world.belong(both, other, Role.admin)
        return {**actors, "both": _headers(await self._session(both))}

    async def _person(self, role: Role) -> Principal:
        return await self.platform.world.join(role, workspace=self.owner.workspace)

    async def _session(self, person: Principal) -> httpx2.AsyncClient:
        return await self.platform.member(person)

    async def _key(
        self,
        scope: Scope,
        prompts: tuple[str, ...] | None = None,
        *,
        by: Principal | None = None,
        expires_in_s: int | None = None,
    ) -> _Headers:
        order = KeyOrder(name="k", scopes=(scope,), prompts=prompts, expires_in_s=expires_in_s)
        world = self.platform.world
        made = await create_key(world.store, by or self.owner, order, world.clock())
        return {"authorization": f"Bearer {made.text}"}

    async def _revoked(self) -> _Headers:
        world, order = self.platform.world, KeyOrder(name="k", scopes=(Scope.admin,))
        made = await create_key(world.store, self.owner, order, world.clock())
        key = made.found.value.id
        await revoke_key(world.store, self.owner, key, if_match="*", now=world.clock())
        return {"authorization": f"Bearer {made.text}"}


async def _done(call: Awaitable[httpx2.Response]) -> Any:
    answer = await call
    assert answer.is_success, answer.text
    return answer.json()


def _headers(client: httpx2.AsyncClient) -> _Headers:
    """What a member's client sends to be known by."""
    return {name: client.headers[name] for name in ("cookie", "x-csrf-token")}
