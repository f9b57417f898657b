"""/api/prompts/{name}/versions and /diff: what was published, and what differs."""

from typing import Annotated, Final, Literal

from fastapi import Query, Response
from pydantic import Field

from promptstudio.storage.listings import Listing
from promptstudio.workspaces.comparison import DifferenceAnswer, compare
from promptstudio.workspaces.publishing import PublishOrder, publish
from promptstudio.workspaces.versions import NUMBER_MAX, Version, WholeVersion, get_version, list_versions
from promptstudio_functions.guarded_route import App, By, noun
from promptstudio_functions.parameters import Cursor, IfMatch, Limit, Number, PromptPath

router = noun("versions")

_ALL: Final = "/api/prompts/{name}/versions"

_Compared = Annotated[int, Field(ge=1, le=NUMBER_MAX)] | Literal["draft"]


@router.get(_ALL)
async def list_all(
    app: App, by: By, name: PromptPath, cursor: Cursor = None, limit: Limit = 50
) -> Listing[Version]:
    """The versions of a prompt, newest first, without their texts."""
    return await list_versions(app.store, by.workspace, name, cursor=cursor, limit=limit)


@router.post(_ALL, status_code=201)
async def publish_one(
    app: App, by: By, response: Response, name: PromptPath, body: PublishOrder, if_match: IfMatch = None
) -> WholeVersion:
    """Publish the draft, or a text that is sent along, as the next version. If-Match takes the draft's ETag.

    What breaks callers needs `breaking`; the reasons are told otherwise. Labels that are named move to it.
    """
    made = await publish(app.store, by, name, body, if_match=if_match, now=app.now())
    response.headers["ETag"] = made.etag
    return made.value


@router.get(_ALL + "/{number}")
async def get_one(app: App, by: By, response: Response, name: PromptPath, number: Number) -> WholeVersion:
    """One version, with its text and the partials that it brought in. It never changes."""
    found = await get_version(app.store, by.workspace, name, number)
    response.headers["ETag"] = found.etag
    return found.value


@router.get("/api/prompts/{name}/diff")
async def compare_two(
    app: App,
    by: By,
    name: PromptPath,
    before: Annotated[_Compared, Query(alias="from")],
    after: Annotated[_Compared, Query(alias="to")],
) -> DifferenceAnswer:
    """What differs between two versions, either of which may be the `draft`."""
    return await compare(app.store, by.workspace, name, before, after)
