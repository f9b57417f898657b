"""/api/partials: texts that the workspace's prompts bring in by name."""

from typing import Final

from fastapi import Response

from promptstudio.storage.listings import Listing
from promptstudio.workspaces.partials import (
    Partial,
    PartialChange,
    PartialRow,
    delete_partial,
    get_partial,
    list_partials,
    put_partial,
)
from promptstudio_functions.guarded_route import App, By, noun
from promptstudio_functions.parameters import Cursor, IfMatch, Limit, PartialPath

router = noun("partials")

_ALL: Final = "/api/partials"
_ONE: Final = _ALL + "/{name}"


@router.get(_ALL)
async def list_all(app: App, by: By, cursor: Cursor = None, limit: Limit = 50) -> Listing[PartialRow]:
    """The partials by name, without their texts."""
    return await list_partials(app.store, by.workspace, cursor=cursor, limit=limit)


@router.get(_ONE)
async def get_one(app: App, by: By, response: Response, name: PartialPath) -> Partial:
    """One partial."""
    found = await get_partial(app.store, by.workspace, name)
    response.headers["ETag"] = found.etag
    return found.value


@router.put(_ONE, responses={201: {"model": Partial, "description": "It is there now."}})
async def put_one(
    app: App, by: By, response: Response, name: PartialPath, body: PartialChange, if_match: IfMatch = None
) -> Partial:
    """Make a partial, or give one another text, which takes If-Match.

    Prompts that bring it in have the text from their next version on; published ones stay as they are.
    """
    put = await put_partial(app.store, by, name, body, if_match=if_match, now=app.now())
    response.headers["ETag"] = put.etag
    response.status_code = 201 if if_match is None else 200
    return put.value


@router.delete(_ONE, status_code=204)
async def delete_one(app: App, by: By, name: PartialPath, if_match: IfMatch = None) -> None:
    """Delete a partial. Published versions that brought it in keep it."""
    await delete_partial(app.store, by, name, if_match=if_match)
