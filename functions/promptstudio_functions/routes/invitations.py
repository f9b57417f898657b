"""/api/invitations: how people come to a workspace, or to one prompt of it."""

from typing import Annotated, Final

from fastapi import Request, Response
from pydantic import Field

from promptstudio.access.invitations import (
    Invitation,
    InvitationOrder,
    accept,
    get_invitation,
    invite,
    invited_email,
    list_invitations,
    withdraw,
)
from promptstudio.access.names import GivenName
from promptstudio.audit.sign_ins import refusals_told
from promptstudio.storage.listings import Listing
from promptstudio.storage.records import Record
from promptstudio_functions.guarded_route import App, By, From, noun
from promptstudio_functions.handed_links import secret_url
from promptstudio_functions.parameters import Cursor, Id, IfMatch, Limit
from promptstudio_functions.peer import peer_address
from promptstudio_functions.routes.session import SessionAnswer, enter

router = noun("invitations")

_ALL: Final = "/api/invitations"
_ONE: Final = _ALL + "/{id}"


class NewInvitation(Invitation):
    """An invitation with its link, which is shown this once."""

    url: str
    token: str


class Acceptance(Record):
    """How somebody comes: with a new account of this name and password, or with their own password."""

    token: Annotated[str, Field(max_length=1024)]
    name: GivenName
    password: Annotated[str, Field(max_length=1024)]


@router.get(_ALL)
async def list_all(app: App, by: By, cursor: Cursor = None, limit: Limit = 50) -> Listing[Invitation]:
    """The open invitations, oldest first."""
    return await list_invitations(app.store, by.workspace, cursor=cursor, limit=limit)


@router.post(_ALL, status_code=201)
async def invite_one(app: App, by: By, response: Response, body: InvitationOrder) -> NewInvitation:
    """Invite somebody. Their link is in the answer, to be handed to them; nothing is sent by mail."""
    made, token = await invite(app.store, by, body, app.now())
    response.headers["ETag"] = made.etag
    url = secret_url(app.settings.public_url, "invitation", token.text)
    return NewInvitation(**dict(made.value), url=url, token=token.text)


# Before the routes with {id}, which would take its path.
@router.post(_ALL + "/accept")
async def accept_one(
    app: App, request: Request, response: Response, source: From, body: Acceptance
) -> SessionAnswer:
    """Become a member, and sign in."""
    address, now = peer_address(request, app.settings), app.now()
    email = await invited_email(app.store, body.token)
    async with refusals_told(app.audit, email, source, now):
        entry = await accept(app.store, body.token, body.name, body.password, address=address, now=now)
    return await enter(app, response, entry)


@router.get(_ONE)
async def get_one(app: App, by: By, response: Response, invitation: Id) -> Invitation:
    """One open invitation, for who made it and for admins."""
    found = await get_invitation(app.store, by, invitation)
    response.headers["ETag"] = found.etag
    return found.value


@router.delete(_ONE, status_code=204)
async def withdraw_one(app: App, by: By, invitation: Id, if_match: IfMatch = None) -> None:
    """Take an invitation back; its link no longer holds."""
    await withdraw(app.store, by, invitation, if_match=if_match)
