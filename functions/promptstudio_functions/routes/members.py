"""/api/members: who belongs to the workspace, and as what."""

from typing import Final

from fastapi import Response

from promptstudio.access.member_changes import MemberChange, change_member, remove_member
from promptstudio.access.members import Member, get_member, list_members
from promptstudio.access.password_resets import new_reset
from promptstudio.storage.listings import Listing
from promptstudio_functions.guarded_route import App, By, noun
from promptstudio_functions.handed_links import HandedLink, handed_link
from promptstudio_functions.parameters import Cursor, Id, IfMatch, Limit

router = noun("members")

_ALL: Final = "/api/members"
_ONE: Final = _ALL + "/{id}"


@router.get(_ALL)
async def list_all(app: App, by: By, cursor: Cursor = None, limit: Limit = 50) -> Listing[Member]:
    """The members, guests among them."""
    return await list_members(app.store, by.workspace, cursor=cursor, limit=limit)


@router.get(_ONE)
async def get_one(app: App, by: By, response: Response, member: Id) -> Member:
    """One member."""
    found = await get_member(app.store, by.workspace, member)
    response.headers["ETag"] = found.etag
    return found.value


@router.patch(_ONE)
async def change_one(
    app: App,
    by: By,
    response: Response,
    member: Id,
    body: MemberChange,
    if_match: IfMatch = None,
) -> Member:
    """Give a member another role, suspend one, or let one in again; it holds from their next request on."""
    changed = await change_member(app.store, by, member, body, if_match=if_match)
    response.headers["ETag"] = changed.etag
    return changed.value


@router.delete(_ONE, status_code=204)
async def remove_one(app: App, by: By, member: Id, if_match: IfMatch = None) -> None:
    """End a membership, and with it the sessions here, the shares and the API keys of who leaves."""
    await remove_member(app.store, by, member, if_match=if_match)


@router.post(_ONE + "/password-reset", status_code=201)
async def reset_password(app: App, by: By, member: Id) -> HandedLink:
    """A link, to be handed to a member who forgot their password, by which they choose another."""
    token = await new_reset(app.store, by, member, app.now())
    return handed_link(app.settings.public_url, "password", token)
