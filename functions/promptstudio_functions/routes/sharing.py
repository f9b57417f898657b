"""/api/prompts/{name}/shares: one prompt, shared with members and guests."""

from typing import Final

from fastapi import Response

from promptstudio.access.roles import ShareRole
from promptstudio.access.sharing import Share, get_share, list_shares
from promptstudio.storage.listings import Listing
from promptstudio.storage.records import Record
from promptstudio.workspaces.shares import remove_share, set_share
from promptstudio_functions.guarded_route import App, By, noun
from promptstudio_functions.parameters import Cursor, IfMatch, Limit, MemberId, PromptPath

router = noun("sharing")

_ALL: Final = "/api/prompts/{name}/shares"
_ONE: Final = _ALL + "/{member}"


class ShareOrder(Record):
    """What a prompt is shared as."""

    role: ShareRole


@router.get(_ALL)
async def list_all(
    app: App, by: By, name: PromptPath, cursor: Cursor = None, limit: Limit = 50
) -> Listing[Share]:
    """With whom the prompt is shared, beside the roles that members have anyway."""
    return await list_shares(app.store, by.workspace, name, cursor=cursor, limit=limit)


@router.get(_ONE)
async def get_one(app: App, by: By, response: Response, name: PromptPath, member: MemberId) -> Share:
    """What the prompt is shared with one member as."""
    found = await get_share(app.store, by.workspace, name, member)
    response.headers["ETag"] = found.etag
    return found.value


@router.put(_ONE)
async def set_one(
    app: App,
    by: By,
    response: Response,
    name: PromptPath,
    member: MemberId,
    body: ShareOrder,
    if_match: IfMatch = None,
) -> Share:
    """Share the prompt with a member, or change what it is shared as, which takes If-Match."""
    put = await set_share(app.store, by, name, member, body.role, if_match=if_match, now=app.now())
    response.headers["ETag"] = put.etag
    return put.value


@router.delete(_ONE, status_code=204)
async def remove_one(app: App, by: By, name: PromptPath, member: MemberId, if_match: IfMatch = None) -> None:
    """Share the prompt with a member no longer."""
    await remove_share(app.store, by, name, member, if_match=if_match, now=app.now())
