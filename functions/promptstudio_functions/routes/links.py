"""/api/prompts/{name}/links, and /api/shared, where whoever has a link reads what it shows."""

from typing import Annotated, Final

from fastapi import Response
from pydantic import Field

from promptstudio.storage.listings import Listing
from promptstudio.storage.records import Record
from promptstudio.workspaces.links import (
    LinkOrder,
    SharedText,
    ShareLink,
    create_link,
    get_link,
    list_links,
    open_link,
    revoke_link,
)
from promptstudio_functions.guarded_route import App, By, noun
from promptstudio_functions.handed_links import secret_url
from promptstudio_functions.parameters import Cursor, Id, IfMatch, Limit, PromptPath

router = noun("links")

_ALL: Final = "/api/prompts/{name}/links"
_ONE: Final = _ALL + "/{id}"


class NewLink(ShareLink):
    """A link at its birth: `url`, with its `token`, is shown this once."""

    url: str
    token: str


class Opening(Record):
    """The secret of a link: what stands behind the # of its address."""

    token: Annotated[str, Field(max_length=1024)]


@router.get(_ALL)
async def list_all(
    app: App, by: By, name: PromptPath, cursor: Cursor = None, limit: Limit = 50
) -> Listing[ShareLink]:
    """The links to the prompt that are in force, oldest first."""
    return await list_links(app.store, by.workspace, name, cursor=cursor, limit=limit)


@router.post(_ALL, status_code=201)
async def create_one(
    app: App, by: By, response: Response, name: PromptPath, body: LinkOrder | None = None
) -> NewLink:
    """A link by which whoever has it reads the prompt, or one version of it, until it expires."""
    made = await create_link(app.store, by, name, body or LinkOrder(), app.now())
    response.headers["ETag"] = made.found.etag
    url = secret_url(app.settings.public_url, "shared", made.secret)
    return NewLink(**dict(made.found.value), url=url, token=made.secret)


@router.get(_ONE)
async def get_one(app: App, by: By, response: Response, name: PromptPath, link: Id) -> ShareLink:
    """One link."""
    found = await get_link(app.store, by.workspace, name, link)
    response.headers["ETag"] = found.etag
    return found.value


@router.delete(_ONE, status_code=204)
async def revoke_one(app: App, by: By, name: PromptPath, link: Id, if_match: IfMatch = None) -> None:
    """Revoke a link; whoever has it reads nothing any more."""
    await revoke_link(app.store, by, name, link, if_match=if_match, now=app.now())


@router.post("/api/shared")
async def open_one(app: App, body: Opening) -> SharedText:
    """What a link shows, to whoever has it."""
    return await open_link(app.store, body.token)
