"""/api/session: signing in and out, and the one-time links that do it without a password."""

from typing import Annotated, Final

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from promptstudio.access.accounts import change_password
from promptstudio.access.members import Member, Place, get_member, places_of
from promptstudio.access.password_resets import use_reset
from promptstudio.access.principal import Principal
from promptstudio.access.sessions import NewSession
from promptstudio.access.sign_in import Entry, sign_in, use_sign_in_link
from promptstudio.access.throttle import attempt
from promptstudio.audit.sign_ins import refusals_told
from promptstudio.platform_errors import PlatformError
from promptstudio.storage.records import Record
from promptstudio_functions.authentication import SESSION_COOKIE
from promptstudio_functions.guarded_route import App, By, From, noun
from promptstudio_functions.peer import peer_address
from promptstudio_functions.services import Services

router = noun("session")

_SESSION: Final = "/api/session"

Secret = Annotated[str, Field(max_length=1024)]
"""A password or a token, as long as any of ours."""


class Credentials(Record):
    """What somebody signs in with."""

    email: Annotated[str, Field(max_length=254)]
    password: Secret


class Destination(Record):
    """The workspace that somebody goes to."""

    workspace: Annotated[str, Field(pattern="^ws_[0-9A-Za-z]{12}$")]


class PasswordChange(Record):
    """Another password for who knows the present one; without one so far, `current` may be empty."""

    current: Secret
    new: Secret


class PasswordReset(Record):
    """Another password for who was handed a link."""

    token: Secret
    password: Secret


class SessionAnswer(Record):
    """Who is signed in where, and where else they may go. Changes take `csrf_token` in X-CSRF-Token."""

    member: Member
    workspace: str
    workspaces: list[Place]
    csrf_token: str


@router.post(_SESSION)
async def begin(
    app: App, request: Request, response: Response, source: From, body: Credentials
) -> SessionAnswer:
    """Sign in with an e-mail address and a password."""
    address, now = peer_address(request, app.settings), app.now()
    async with refusals_told(app.audit, body.email, source, now):
        entry = await sign_in(app.store, body.email, body.password, address=address, now=now)
    return await enter(app, response, entry)


@router.get(_SESSION)
async def show(app: App, by: By) -> SessionAnswer:
    """Who is signed in here."""
    return await _answer(app, by)


@router.delete(_SESSION, status_code=204)
async def end(app: App, by: By, response: Response) -> None:
    """Sign out."""
    await app.sessions.end(by)
    response.delete_cookie(SESSION_COOKIE, path="/", secure=app.settings.secure_cookies, httponly=True)


@router.post(_SESSION + "/workspace")
async def go(app: App, by: By, response: Response, body: Destination) -> SessionAnswer:
    """Go on in another workspace of one's own."""
    begun = await app.sessions.switch(by, body.workspace)
    return await _answer(app, await _begun(app, response, begun))


@router.put(_SESSION + "/password")
async def set_password(
    app: App, by: By, request: Request, response: Response, source: From, body: PasswordChange
) -> SessionAnswer:
    """Change one's password. All other sessions end."""
    address, now = peer_address(request, app.settings), app.now()
    async with (
        refusals_told(app.audit, by.id, source, now),
        attempt(app.store, by.id, address, now),
    ):
        epoch = await change_password(app.store, by.id, body.current, body.new)
    return await enter(app, response, Entry(by.id, by.workspace, epoch))


@router.post("/api/password", status_code=204)
async def reset_password(app: App, body: PasswordReset) -> None:
    """Choose a password with a link that an admin handed over. All sessions end."""
    await use_reset(app.store, body.token, body.password)


@router.get("/sign-in", include_in_schema=False)
async def follow(app: App, token: Annotated[str, Query(max_length=1024)] = "") -> Response:
    """Sign in with a one-time link, and go on to the first page."""
    entry = await use_sign_in_link(app.store, token)
    response = RedirectResponse("/", status_code=303)
    await enter(app, response, entry)
    return response


async def enter(app: Services, response: Response, entry: Entry) -> SessionAnswer:
    """Begin a session and put it into the answer's cookie."""
    begun = await app.sessions.begin(entry.account, entry.workspace, entry.epoch)
    return await _answer(app, await _begun(app, response, begun))


async def _begun(app: Services, response: Response, begun: NewSession) -> Principal:
    found = await app.sessions.principal(begun.token)
    if found is None:  # ended again meanwhile
        raise PlatformError("sign_in_needed")
    response.set_cookie(
        SESSION_COOKIE,
        begun.token,
        max_age=begun.lasts_s,
        path="/",
        secure=app.settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return found


async def _answer(app: Services, by: Principal) -> SessionAnswer:
    member = await get_member(app.store, by.workspace, by.id)
    return SessionAnswer(
        member=member.value,
        workspace=by.workspace,
        workspaces=await places_of(app.store, by.id),
        csrf_token=app.sessions.csrf(by.session or ""),
    )
